import { type ErrorCode, Slash64Error, isSlash64Error } from "@slash64/core"
import type { NativeXapiError } from "../xapi/log-in.ts"

interface Meaning {
  readonly code: ErrorCode
  readonly hint: string
}

const again = "Something else is at work on it; call again."

/** What XAPI's errors mean to a caller. One that is not here is INTERNAL. */
const table: Readonly<Record<string, Meaning>> = {
  SESSION_AUTHENTICATION_FAILED: {
    code: "UNAUTHENTICATED",
    hint: "Give the user and password of a pool administrator.",
  },
  SESSION_INVALID: { code: "UNAVAILABLE", hint: "The session ended; call again." },
  HOST_IS_SLAVE: { code: "UNAVAILABLE", hint: "The pool has another master; call again." },
  HOST_STILL_BOOTING: { code: "UNAVAILABLE", hint: "Call again when the host is up." },
  HOST_OFFLINE: { code: "UNAVAILABLE", hint: "Call again when the host is up." },
  HOST_NOT_LIVE: { code: "UNAVAILABLE", hint: "Call again when the host is up." },
  CANNOT_CONTACT_HOST: { code: "UNAVAILABLE", hint: "Call again when the host is up." },
  RBAC_PERMISSION_DENIED: { code: "PERMISSION_DENIED", hint: "Use a user with the role pool-admin or pool-operator." },
  LICENCE_RESTRICTION: { code: "FAILED_PRECONDITION", hint: "The pool's licence does not have this feature." },
  HANDLE_INVALID: { code: "ABORTED", hint: "It was removed meanwhile; call again." },
  UUID_INVALID: { code: "NOT_FOUND", hint: "See `xe vm-list`." },
  OTHER_OPERATION_IN_PROGRESS: { code: "ABORTED", hint: again },
  BRIDGE_NAME_EXISTS: { code: "ABORTED", hint: again },
  DEVICE_ALREADY_EXISTS: { code: "ABORTED", hint: again },
  PIF_VLAN_EXISTS: { code: "ALREADY_EXISTS", hint: "Another network has this VLAN: see `xe vlan-list`." },
  NETWORK_ALREADY_CONNECTED: { code: "ABORTED", hint: again },
  NETWORK_CONTAINS_VIF: { code: "FAILED_PRECONDITION", hint: "Detach its NICs first." },
  NETWORK_CONTAINS_PIF: { code: "ABORTED", hint: again },
  VIF_IN_USE: { code: "FAILED_PRECONDITION", hint: "Detach its NICs first." },
  PIF_IS_VLAN: { code: "INVALID_ARGUMENT", hint: "Name a NIC or a bond as the uplink." },
  VLAN_TAG_INVALID: { code: "INVALID_ARGUMENT", hint: "Give 1 to 4094." },
  MAC_INVALID: { code: "INVALID_ARGUMENT", hint: "Write it as 02:00:5e:10:00:01." },
  INVALID_VALUE: { code: "INVALID_ARGUMENT", hint: "See the parameters of the error." },
  VM_BAD_POWER_STATE: { code: "ABORTED", hint: "The VM was started or stopped meanwhile; call again." },
  VM_MISSING_PV_DRIVERS: { code: "FAILED_PRECONDITION", hint: "Stop the VM: its guest has no drivers for this yet." },
  VM_IS_TEMPLATE: { code: "FAILED_PRECONDITION", hint: "Name a VM, not a template." },
  OPERATION_BLOCKED: { code: "FAILED_PRECONDITION", hint: "Take the block off the VM: `xe vm-param-list`." },
  OPERATION_NOT_ALLOWED: { code: "FAILED_PRECONDITION", hint: "See the parameters of the error." },
  NO_HOSTS_AVAILABLE: { code: "RESOURCE_EXHAUSTED", hint: "Enable a host, or free memory on one." },
  HOST_DISABLED: { code: "FAILED_PRECONDITION", hint: "Enable the host: `xe host-enable`." },
  SR_FULL: { code: "RESOURCE_EXHAUSTED", hint: "Free space on the storage repository." },
}

export function translateXapi(native: NativeXapiError, method: string): Slash64Error {
  const { code, hint } = (Object.hasOwn(table, native.code) ? table[native.code] : undefined) ?? {
    code: "INTERNAL" as const,
    hint: "Please report this with the version of the pool.",
  }
  const said = [native.code, ...native.params].join(" ")
  return new Slash64Error(code, `${method}: ${said}`, { hint, native: { code: native.code, params: native.params } })
}

/** Whether XAPI itself said this, by this name. */
export function isNative(error: unknown, ...names: readonly string[]): boolean {
  if (!isSlash64Error(error) || typeof error.native !== "object" || error.native === null) return false
  return "code" in error.native && names.includes(String(error.native.code))
}
