import { inverse, once, ref, ro, rw, rwMap, rwSet } from "../fields.ts"
import { bool, float, int, oneOf, text, textMap, texts, time } from "../types.ts"

export const session = {
  this_host: ro(ref, ""),
  this_user: ro(ref, "OpaqueRef:NULL"),
  last_active: ro(time, ""),
  pool: ro(bool, false),
  other_config: rwMap(textMap, {}),
  is_local_superuser: ro(bool, true),
  subject: ro(ref, "OpaqueRef:NULL"),
  validation_time: ro(time, ""),
  auth_user_sid: ro(text, ""),
  auth_user_name: ro(text, ""),
  rbac_permissions: ro(texts, []),
  tasks: ro(texts, []),
  parent: ro(ref, "OpaqueRef:NULL"),
  originator: ro(text, ""),
  client_certificate: ro(bool, false),
}

export const pool = {
  name_label: rw(text, ""),
  name_description: rw(text, ""),
  master: ro(ref, ""),
  default_SR: rw(ref, "OpaqueRef:NULL"),
  suspend_image_SR: rw(ref, "OpaqueRef:NULL"),
  crash_dump_SR: rw(ref, "OpaqueRef:NULL"),
  other_config: rwMap(textMap, {}),
  ha_enabled: ro(bool, false),
  tags: rwSet([]),
  gui_config: rwMap(textMap, {}),
  restrictions: ro(textMap, {}),
  policy_no_vendor_device: ro(bool, false),
}

export const host = {
  name_label: rw(text, ""),
  name_description: rw(text, ""),
  allowed_operations: ro(texts, []),
  current_operations: ro(textMap, {}),
  API_version_major: ro(int, 2),
  API_version_minor: ro(int, 23),
  API_version_vendor: ro(text, "XenSource"),
  enabled: ro(bool, true),
  software_version: ro(textMap, {}),
  other_config: rwMap(textMap, {}),
  capabilities: ro(texts, []),
  cpu_configuration: ro(textMap, {}),
  resident_VMs: inverse("VM", "resident_on"),
  PIFs: inverse("PIF", "host"),
  address: rw(text, ""),
  hostname: rw(text, ""),
  metrics: ro(ref, "OpaqueRef:NULL"),
  license_params: ro(textMap, {}),
  tags: rwSet([]),
  edition: ro(text, "free"),
  control_domain: ro(ref, "OpaqueRef:NULL"),
}

export const host_metrics = {
  memory_total: ro(int, 0),
  memory_free: ro(int, 0),
  live: ro(bool, true),
  last_updated: ro(time, "19700101T00:00:00Z"),
  other_config: rwMap(textMap, {}),
}

export const task = {
  name_label: once(text, ""),
  name_description: once(text, ""),
  allowed_operations: ro(texts, []),
  current_operations: ro(textMap, {}),
  created: ro(time, ""),
  finished: ro(time, "19700101T00:00:00Z"),
  status: ro(oneOf("pending", "success", "failure", "cancelling", "cancelled"), "pending"),
  resident_on: ro(ref, ""),
  progress: ro(float, 0),
  type: ro(text, "<none/>"),
  result: ro(text, ""),
  error_info: ro(texts, []),
  other_config: rwMap(textMap, {}),
  subtask_of: ro(ref, "OpaqueRef:NULL"),
  subtasks: ro(texts, []),
  backtrace: ro(text, "()"),
}
