import type { HostRecord } from "@slash64/core"
import { Slash64Error, checkReferences, invalid, parseId } from "@slash64/core"
import { resolve } from "node:path"

/** The options of `host add`, each absent unless it was given. */
export interface HostOptions {
  readonly kvm?: string | undefined
  readonly xenserver?: readonly string[] | undefined
  readonly user?: string | undefined
  readonly password?: string | undefined
  readonly certificate?: readonly string[] | undefined
  readonly ca?: string | undefined
  readonly hostKey?: readonly string[] | undefined
  readonly identity?: string | undefined
  readonly sshPort?: string | undefined
  readonly controlNetwork?: string | undefined
  readonly controlRange?: string | undefined
  readonly storage?: string | undefined
  readonly emulation?: string | undefined
  readonly plugin?: string | undefined
  readonly config?: string | undefined
}

/** The host as its plugin is to see it. INVALID_ARGUMENT when the options fit no plugin, or not the one that they name. */
export function hostRecord(name: string, options: HostOptions): HostRecord {
  parseId("name", name)
  const ways = (["kvm", "xenserver", "plugin"] as const).filter((way) => options[way] !== undefined)
  const [way, other] = ways
  if (way === undefined) {
    throw new Slash64Error("INVALID_ARGUMENT", "--kvm is missing", {
      field: "--kvm",
      hint: "Give --kvm qemu:///system, --xenserver https://HOST, or --plugin NAME --config JSON.",
    })
  }
  if (other !== undefined) throw invalid(`--${other}`, options[other], `stands beside --${way}`, "Give one of them.")
  refuseOthers(way, options)
  if (options.plugin !== undefined) return { name, plugin: options.plugin, config: pluginConfig(options) }
  const config = way === "kvm" ? kvmConfig(options) : xenserverConfig(options)
  return { name, plugin: way, config: checkReferences("config", config) }
}

type Way = "kvm" | "xenserver" | "plugin"

const optionsOf: Readonly<Record<Way, readonly (keyof HostOptions)[]>> = {
  kvm: ["kvm", "hostKey", "identity", "controlRange", "storage", "emulation"],
  xenserver: [
    ...(["xenserver", "user", "password", "certificate", "ca", "hostKey", "identity", "sshPort"] as const),
    ...(["controlNetwork", "controlRange", "storage"] as const),
  ],
  plugin: ["plugin", "config"],
}

function refuseOthers(way: Way, options: HostOptions): void {
  const known = Object.values(optionsOf).flat()
  const foreign = known.find((key) => options[key] !== undefined && !optionsOf[way].includes(key))
  if (foreign === undefined) return
  const option = `--${foreign.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
  throw invalid(option, "(given)", `means nothing with --${way}`, "Leave it out: see slash64 host add --help.")
}

function kvmConfig({ kvm, hostKey, identity, controlRange, storage, emulation }: HostOptions) {
  if (hostKey !== undefined && hostKey.length > 1) {
    throw invalid("--host-key", hostKey[1], "is a second key", "Give the key of the one host.")
  }
  return given({
    uri: kvm,
    hostKey: hostKey?.[0],
    privateKey: absoluteReference(identity),
    control: controlRange === undefined ? undefined : { range: controlRange },
    storage,
    emulation,
  })
}

function xenserverConfig(options: HostOptions) {
  const { xenserver, user = "root", password, certificate, ca, hostKey, identity, sshPort } = options
  const { controlNetwork, controlRange, storage } = options
  const control = given({ network: controlNetwork, range: controlRange })
  const port = sshPort === undefined ? undefined : Number(sshPort)
  const ssh = given({ hostKeys: hostKey, privateKey: absoluteReference(identity), port })
  return given({
    url: xenserver?.length === 1 ? xenserver[0] : xenserver,
    user,
    password: absoluteReference(password),
    certificates: certificate,
    ca: absoluteReference(ca),
    storage,
    control: Object.keys(control).length === 0 ? undefined : control,
    ssh: Object.keys(ssh).length === 0 ? undefined : ssh,
  })
}

function pluginConfig({ config }: HostOptions) {
  return checkReferences("config", parseJson(config ?? "{}"))
}

/** The fields that have a value. */
function given(fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}

/** A command is run again from elsewhere: `file:id_ed25519` is made to mean the same there. */
function absoluteReference(reference: string | undefined): string | undefined {
  return reference?.startsWith("file:") ? `file:${resolve(reference.slice("file:".length))}` : reference
}

function parseJson(text: string): Readonly<Record<string, unknown>> {
  const config = tryJson(text)
  if (typeof config !== "object" || config === null || Array.isArray(config)) {
    throw invalid("--config", "(not shown)", "is no JSON object", `Give an object: '{"uri":"qemu:///system"}'.`)
  }
  return { ...config }
}

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
