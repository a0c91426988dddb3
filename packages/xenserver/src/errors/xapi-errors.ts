import type { ErrorCode } from "@slash64/core"

export interface Meaning {
  readonly code: ErrorCode
  readonly hint: string
}

/** Errors that mean the same to a caller. */
interface Group extends Meaning {
  readonly names: string
}

/**
 * The errors that our calls can meet, by the `~errs` of xapi's datamodel (ocaml/idl, api_errors.ml) and by what its
 * storage and its dispatcher add. What a verb has an answer of its own to is here too, for where it does not expect it.
 */
const groups: readonly Group[] = [
  {
    code: "UNAUTHENTICATED",
    hint: "Give the user and password of a pool administrator.",
    names: "SESSION_AUTHENTICATION_FAILED SESSION_AUTHORIZATION_FAILED SESSION_NOT_REGISTERED AUTH_SERVICE_ERROR",
  },
  {
    code: "PERMISSION_DENIED",
    hint: "Use a user with the role pool-admin or pool-operator.",
    names: "RBAC_PERMISSION_DENIED PERMISSION_DENIED USER_IS_NOT_LOCAL_SUPERUSER",
  },
  { code: "UNAVAILABLE", hint: "The session ended; call again.", names: "SESSION_INVALID" },
  { code: "UNAVAILABLE", hint: "The pool has another master; call again.", names: "HOST_IS_SLAVE" },
  {
    code: "UNAVAILABLE",
    hint: "Call again when the host is up.",
    names:
      "HOST_STILL_BOOTING HOST_OFFLINE HOST_NOT_LIVE CANNOT_CONTACT_HOST HOST_UNKNOWN_TO_MASTER HOST_HAS_NO_MANAGEMENT_IP " +
      "HOST_MASTER_CANNOT_TALK_BACK HOST_BROKEN XEN_INCOMPATIBLE",
  },
  {
    code: "UNAVAILABLE",
    hint: "XAPI has too much to do; call again in a while.",
    names: "TOO_BUSY TOO_MANY_PENDING_TASKS TIMEOUT DEVICE_ATTACH_TIMEOUT DEVICE_DETACH_TIMEOUT VM_SHUTDOWN_TIMEOUT",
  },
  {
    code: "ABORTED",
    hint: "Something else is at work on it; call again.",
    names:
      "OTHER_OPERATION_IN_PROGRESS BRIDGE_NAME_EXISTS DEVICE_ALREADY_EXISTS DEVICE_ALREADY_ATTACHED " +
      "DEVICE_ALREADY_DETACHED DEVICE_NOT_ATTACHED NETWORK_ALREADY_CONNECTED NETWORK_CONTAINS_PIF MAP_DUPLICATE_KEY " +
      "DB_UNIQUENESS_CONSTRAINT_VIOLATION OBJECT_NOLONGER_EXISTS DOMAIN_EXISTS VM_DUPLICATE_VBD_DEVICE",
  },
  { code: "ABORTED", hint: "It was removed meanwhile; call again.", names: "HANDLE_INVALID VDI_MISSING VBD_MISSING" },
  { code: "ABORTED", hint: "The task was cancelled on the pool; call again.", names: "TASK_CANCELLED" },
  {
    code: "ABORTED",
    hint: "The VM was started or stopped meanwhile; call again.",
    names: "VM_BAD_POWER_STATE VM_HALTED VM_REBOOTED VM_CRASHED",
  },
  {
    code: "ABORTED",
    hint: "XAPI has forgotten what happened: it has to be read anew.",
    names: "EVENTS_LOST EVENT_FROM_TOKEN_PARSE_FAILURE EVENT_SUBSCRIPTION_PARSE_FAILURE",
  },
  { code: "NOT_FOUND", hint: "See `xe vm-list`.", names: "UUID_INVALID" },
  {
    code: "ALREADY_EXISTS",
    hint: "Another network has this VLAN: see `xe vlan-list`.",
    names: "PIF_VLAN_EXISTS VLAN_IN_USE",
  },
  { code: "ALREADY_EXISTS", hint: "Give the NIC another MAC.", names: "MAC_STILL_EXISTS" },
  { code: "FAILED_PRECONDITION", hint: "Detach its NICs first.", names: "NETWORK_CONTAINS_VIF VIF_IN_USE" },
  {
    code: "FAILED_PRECONDITION",
    hint: "Another VM or task uses the disk: see `xe vbd-list vdi-uuid=UUID`.",
    names: "VDI_IN_USE VDI_READONLY VDI_NOT_AVAILABLE VDI_NOT_MANAGED VDI_IS_A_PHYSICAL_DEVICE VDI_HAS_RRDS",
  },
  {
    code: "FAILED_PRECONDITION",
    hint: "Name a NIC or a bond that XAPI manages as the uplink: see `xe pif-list`.",
    names:
      "PIF_UNMANAGED NETWORK_UNMANAGED PIF_ALREADY_BONDED PIF_IS_SRIOV_LOGICAL PIF_TUNNEL_STILL_EXISTS PIF_VLAN_STILL_EXISTS " +
      "PIF_BOND_NEEDS_MORE_MEMBERS PIF_CANNOT_BOND_CROSS_HOST PIF_NOT_PHYSICAL CANNOT_ADD_VLAN_TO_BOND_SLAVE " +
      "PIF_IS_MANAGEMENT_INTERFACE CANNOT_PLUG_BOND_SLAVE CANNOT_PLUG_VIF IS_TUNNEL_ACCESS_PIF BRIDGE_NOT_AVAILABLE " +
      "NETWORK_INCOMPATIBLE_PURPOSES NETWORK_SRIOV_INSUFFICIENT_CAPACITY OPENVSWITCH_NOT_ACTIVE",
  },
  {
    code: "FAILED_PRECONDITION",
    hint: "Stop the VM: its guest has no drivers for this yet.",
    names: "VM_MISSING_PV_DRIVERS VM_OLD_PV_DRIVERS VM_LACKS_FEATURE DEVICE_DETACH_REJECTED",
  },
  {
    code: "FAILED_PRECONDITION",
    hint: "Name a VM, not a template.",
    names: "VM_IS_TEMPLATE PROVISION_ONLY_ALLOWED_ON_TEMPLATE",
  },
  {
    code: "FAILED_PRECONDITION",
    hint: "Take the block off the VM: `xe vm-param-list`.",
    names: "OPERATION_BLOCKED VM_IS_PROTECTED",
  },
  {
    code: "FAILED_PRECONDITION",
    hint: "See the parameters of the error.",
    names: "OPERATION_NOT_ALLOWED OPERATION_PARTIALLY_FAILED HA_OPERATION_WOULD_BREAK_FAILOVER_PLAN",
  },
  {
    code: "FAILED_PRECONDITION",
    hint: "The pool's licence does not have this feature.",
    names: "LICENCE_RESTRICTION LICENSE_EXPIRED LICENSE_RESTRICTION",
  },
  {
    code: "FAILED_PRECONDITION",
    hint: "Enable the host, and see that it runs this kind of VM: `xe host-enable`, `xe host-list`.",
    names:
      "HOST_DISABLED HOST_IN_EMERGENCY_MODE HOST_EVACUATION_IS_REQUIRED VM_HVM_REQUIRED VM_HOST_INCOMPATIBLE_VERSION VM_REQUIRES_NETWORK VM_REQUIRES_SR " +
      "HOST_HAS_NO_PIF VM_NO_VCPUS VM_INCOMPATIBLE_WITH_THIS_HOST BOOTLOADER_FAILED UNKNOWN_BOOTLOADER",
  },
  {
    code: "FAILED_PRECONDITION",
    hint: "See that the storage repository is attached and well: `xe pbd-list`, and SMlog on the host.",
    names:
      "SR_BACKEND_FAILURE SR_HAS_NO_PBDS SR_NOT_ATTACHED SR_OPERATION_NOT_SUPPORTED SR_UNKNOWN_DRIVER SR_REQUIRES_UPGRADE SR_NOT_SHARABLE " +
      "SR_ATTACH_FAILED SR_DEVICE_IN_USE SM_PLUGIN_COMMUNICATION_FAILURE VDI_LOCATION_MISSING VDI_CONTENT_ID_MISSING REDO_LOG_IS_ENABLED",
  },
  {
    code: "RESOURCE_EXHAUSTED",
    hint: "Free space on the storage repository.",
    names:
      "SR_FULL PROVISION_FAILED_OUT_OF_SPACE SR_BACKEND_FAILURE_44 VDI_TOO_LARGE NOT_ENOUGH_FREE_SPACE OUT_OF_SPACE",
  },
  {
    code: "RESOURCE_EXHAUSTED",
    hint: "Enable a host, or free memory on one.",
    names:
      "NO_HOSTS_AVAILABLE HOST_NOT_ENOUGH_FREE_MEMORY HOST_NOT_ENOUGH_PCPUS MEMORY_CONSTRAINT_VIOLATION DYNAMIC_MEMORY_CONTROL_UNAVAILABLE",
  },
  { code: "INVALID_ARGUMENT", hint: "Name a NIC or a bond as the uplink.", names: "PIF_IS_VLAN" },
  { code: "INVALID_ARGUMENT", hint: "Give 1 to 4094.", names: "VLAN_TAG_INVALID" },
  { code: "INVALID_ARGUMENT", hint: "Write it as 02:00:5e:10:00:01.", names: "MAC_INVALID" },
  {
    code: "INVALID_ARGUMENT",
    hint: "See the parameters of the error.",
    names:
      "INVALID_VALUE VALUE_NOT_SUPPORTED INVALID_DEVICE INVALID_IP_ADDRESS_SPECIFIED FIELD_TYPE_ERROR VDI_INCOMPATIBLE_TYPE",
  },
  {
    code: "DATA_LOSS",
    hint: "The disk did not arrive whole; call again, and see the pool's xensource.log when it stays so.",
    names:
      "VDI_TOO_SMALL VDI_IO_ERROR VDI_COPY_FAILED IMPORT_ERROR UNIMPLEMENTED_IN_SM_BACKEND IMPORT_ERROR_PREMATURE_EOF",
  },
  {
    code: "UNIMPLEMENTED",
    hint: "This XAPI is too old or too new for this slash64: report it with the version of the pool.",
    names:
      "MESSAGE_METHOD_UNKNOWN MESSAGE_PARAMETER_COUNT_MISMATCH MESSAGE_REMOVED MESSAGE_DEPRECATED NOT_IMPLEMENTED " +
      "FEATURE_REQUIRES_HVM NOT_SUPPORTED_DURING_UPGRADE",
  },
  {
    code: "INTERNAL",
    hint: "See xensource.log on the master, and report this with the version of the pool.",
    names: "INTERNAL_ERROR XENAPI_PLUGIN_FAILURE VM_FAILED_TO_START",
  },
]

const table = new Map(groups.flatMap(({ names, code, hint }) => names.split(" ").map((name) => [name, { code, hint }])))

/** Undefined for one that is not known. SR_BACKEND_FAILURE comes with the number that a storage driver gave. */
export function meaningOf(name: string): Meaning | undefined {
  return table.get(name) ?? (/^SR_BACKEND_FAILURE_\d+$/.test(name) ? table.get("SR_BACKEND_FAILURE") : undefined)
}
