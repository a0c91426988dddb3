import { type ErrorCode, Slash64Error, abortError, isSlash64Error } from "@slash64/core"
import { LibvirtConnectionError, LibvirtError } from "@slash64/libvirt-rpc"

/** A row of the table: which of libvirt's errors, and what it means to a caller. The first that fits counts. */
interface Row {
  /** libvirt's name of its code (virterror.h). */
  readonly name?: string
  readonly words?: RegExp
  readonly code: ErrorCode
  readonly hint: string
}

/** What can be told apart by words only, libvirt's codes being too wide for it, stands first. Seen on libvirt 9.0. */
const table: readonly Row[] = [
  {
    words: /No space left on device|Disk quota exceeded/i,
    code: "RESOURCE_EXHAUSTED",
    hint: "Free space on the host's storage, then call again.",
  },
  {
    words: /No more available PCI slots/i,
    code: "RESOURCE_EXHAUSTED",
    hint: "Stop the VM and attach while it is off: libvirt then adds a PCI port.",
  },
  { words: /Cannot allocate memory/i, code: "RESOURCE_EXHAUSTED", hint: "Free memory on the host, then call again." },
  {
    words: /already in the process of unplug/i,
    code: "ABORTED",
    hint: "The guest has not given the device up yet; call again.",
  },
  {
    words: /is still (in use|active|being allocated)|storage pool '.*' is not active/i,
    code: "ABORTED",
    hint: "Another program is at work on it; call again.",
  },
  {
    words: /Storage source conflict with pool/i,
    code: "ALREADY_EXISTS",
    hint: "Another storage pool has this directory: give another one as storage in the host's configuration.",
  },
  {
    words: /error creating bridge interface .*File exists/i,
    code: "ALREADY_EXISTS",
    hint: "The host has this bridge and libvirt knows none of it, as after a libvirtd that was killed: see who uses it (bridge link), then remove it with ip link delete.",
  },
  {
    words: /is not supported by .* on this host|could not find capabilities/i,
    code: "FAILED_PRECONDITION",
    hint: "Install the QEMU package for this architecture, or set emulation to tcg.",
  },
  // libvirt 9.0 says it as an internal error where it unplugs a running domain's device by alias.
  { words: /no device found with alias/i, code: "NOT_FOUND", hint: "See `virsh dumpxml` of the VM." },
  { name: "VIR_ERR_NO_DOMAIN", code: "NOT_FOUND", hint: "See `virsh list --all`." },
  { name: "VIR_ERR_NO_NETWORK", code: "NOT_FOUND", hint: "See `virsh net-list --all`." },
  { name: "VIR_ERR_NO_STORAGE_POOL", code: "NOT_FOUND", hint: "See `virsh pool-list --all`." },
  { name: "VIR_ERR_NO_STORAGE_VOL", code: "NOT_FOUND", hint: "See `virsh vol-list`." },
  { name: "VIR_ERR_NO_NWFILTER", code: "NOT_FOUND", hint: "See `virsh nwfilter-list`." },
  { name: "VIR_ERR_DEVICE_MISSING", code: "NOT_FOUND", hint: "See `virsh dumpxml` of the VM." },
  { name: "VIR_ERR_DOM_EXIST", code: "ALREADY_EXISTS", hint: "Another VM has the name or UUID." },
  { name: "VIR_ERR_NETWORK_EXIST", code: "ALREADY_EXISTS", hint: "Another libvirt network has the name or UUID." },
  { name: "VIR_ERR_STORAGE_VOL_EXIST", code: "ALREADY_EXISTS", hint: "Another volume has the name." },
  { name: "VIR_ERR_AUTH_FAILED", code: "UNAUTHENTICATED", hint: "Use a user that libvirt accepts." },
  { name: "VIR_ERR_AUTH_CANCELLED", code: "UNAUTHENTICATED", hint: "Use a user that libvirt accepts." },
  { name: "VIR_ERR_AUTH_UNAVAILABLE", code: "UNAUTHENTICATED", hint: "Use root, or a member of the group libvirt." },
  { name: "VIR_ERR_ACCESS_DENIED", code: "PERMISSION_DENIED", hint: "Use root, or a member of the group libvirt." },
  { name: "VIR_ERR_OPERATION_DENIED", code: "PERMISSION_DENIED", hint: "Connect to the read-write socket." },
  {
    name: "VIR_ERR_OPERATION_TIMEOUT",
    code: "UNAVAILABLE",
    hint: "The VM is busy with another operation; call again.",
  },
  { name: "VIR_ERR_RESOURCE_BUSY", code: "UNAVAILABLE", hint: "Call again." },
  { name: "VIR_ERR_AGENT_UNRESPONSIVE", code: "UNAVAILABLE", hint: "The guest agent does not answer." },
  {
    name: "VIR_ERR_OPERATION_INVALID",
    code: "FAILED_PRECONDITION",
    hint: "The object is not in the state for it; look at it with virsh.",
  },
  {
    name: "VIR_ERR_CONFIG_UNSUPPORTED",
    code: "FAILED_PRECONDITION",
    hint: "This libvirt or QEMU is too old, or built without it.",
  },
  {
    name: "VIR_ERR_ARGUMENT_UNSUPPORTED",
    code: "FAILED_PRECONDITION",
    hint: "This libvirt or QEMU is too old, or built without it.",
  },
  {
    name: "VIR_ERR_OPERATION_UNSUPPORTED",
    code: "FAILED_PRECONDITION",
    hint: "This libvirt or QEMU is too old, or built without it.",
  },
  {
    name: "VIR_ERR_NO_SUPPORT",
    code: "FAILED_PRECONDITION",
    hint: "This libvirt daemon has no such driver (with modular daemons, use virtproxyd's socket).",
  },
]

/** The one place where libvirt's errors become ours; the original stays in `native` and `cause`. */
export function translateLibvirt(error: unknown, signal?: AbortSignal): Slash64Error {
  if (isSlash64Error(error)) return error
  if (error instanceof LibvirtError) return fromLibvirt(error)
  if (error instanceof LibvirtConnectionError) return fromConnection(error, signal)
  if (signal?.aborted === true) return abortError(signal)
  const words = error instanceof Error ? error.message : String(error)
  return new Slash64Error("INTERNAL", words, { hint: "Please report this.", cause: error })
}

function fromLibvirt(error: LibvirtError): Slash64Error {
  const fits = (row: Row): boolean =>
    (row.name === undefined || row.name === error.codeName) &&
    (row.words === undefined || row.words.test(error.message))
  const row = table.find(fits)
  return new Slash64Error(row?.code ?? "INTERNAL", `libvirt: ${error.message}`, {
    hint: row?.hint ?? "See libvirt's own words, and its log on the host.",
    native: {
      code: error.code,
      codeName: error.codeName,
      domain: error.domain,
      domainName: error.domainName,
      procedure: error.procedure,
    },
    cause: error,
  })
}

function fromConnection(error: LibvirtConnectionError, signal: AbortSignal | undefined): Slash64Error {
  const outcome = error.outcome === "unknown" ? ({ outcome: "unknown" } as const) : {}
  if (error.code === "ABORTED" && signal?.aborted === true) return abortError(signal, outcome)
  if (error.code === "AUTHENTICATION") {
    return new Slash64Error("UNAUTHENTICATED", error.message, {
      hint: "Use root, or a member of the group libvirt.",
      cause: error,
    })
  }
  if (error.code === "INVALID_ARGUMENT") return new Slash64Error("INVALID_ARGUMENT", error.message, { cause: error })
  return new Slash64Error("UNAVAILABLE", `libvirt cannot be reached: ${error.message}`, {
    hint: "See that libvirtd runs on the host (systemctl status libvirtd), then call again.",
    native: { code: error.code },
    cause: error,
    ...outcome,
  })
}

/** Whether an error of ours came from this code of libvirt's. */
export function isNative(error: unknown, ...names: readonly string[]): boolean {
  if (!isSlash64Error(error)) return false
  const { native } = error
  if (typeof native !== "object" || native === null || !("codeName" in native)) return false
  return names.some((name) => name === native.codeName)
}
