import { type Call, type HostTemplate, Slash64Error, quote } from "@slash64/core"
import { findRegistered, listRegistered } from "../pool/registry.ts"
import { type OwnVm, ownVmShape } from "../vm/own-vm.ts"
import { readRecords } from "../xapi/read-records.ts"
import type { Xapi } from "../xapi/xapi.ts"
import { digestKey, templateKey, versionKey } from "./template-mark.ts"

/** A whole template of the pool. */
export interface StoredTemplate extends HostTemplate {
  readonly vm: OwnVm
}

export async function findTemplate(
  xapi: Xapi,
  digest: string,
  signal: AbortSignal,
): Promise<StoredTemplate | undefined> {
  const vm = await findRegistered(xapi, templateKey(digest), signal)
  return vm && readTemplate(vm)
}

export async function requireTemplate(xapi: Xapi, digest: string, signal: AbortSignal): Promise<StoredTemplate> {
  const template = await findTemplate(xapi, digest, signal)
  if (template !== undefined) return template
  throw new Slash64Error("NOT_FOUND", `the template ${quote(digest)} is not on this pool`, {
    field: "router.templateDigest",
    value: quote(digest),
    hint: "Ensure the template on the pool first.",
  })
}

export async function listTemplates(xapi: Xapi, { signal }: Call): Promise<readonly HostTemplate[]> {
  const registered = await listRegistered(xapi, "template", signal)
  if (registered.size === 0) return []
  const vms = await readRecords(xapi, "VM", ownVmShape, signal)
  return vms.flatMap((vm) => {
    const template = registered.has(vm.uuid) ? readTemplate(vm) : undefined
    return template === undefined ? [] : [toHostTemplate(template)]
  })
}

export function toHostTemplate({ digest, version }: StoredTemplate): HostTemplate {
  return { digest, version }
}

function readTemplate(vm: OwnVm): StoredTemplate | undefined {
  const { [digestKey]: digest, [versionKey]: version } = vm.other_config
  return digest === undefined || version === undefined ? undefined : { digest, version, vm }
}
