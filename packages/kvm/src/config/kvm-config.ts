import { invalid, parseControlRange } from "@slash64/core"
import { parseHostKeyPins } from "@slash64/libvirt-rpc"
import { z } from "zod"
import { type SshTarget, parseLibvirtUri } from "./libvirt-uri.ts"

/** How to reach a libvirt host. Plain JSON; secrets are references, never values. */
export interface KvmConfig {
  /** `qemu:///system`, `qemu:///system?socket=/path`, or `qemu+ssh://user@host[:port]/system[?socket=/path]`. */
  readonly uri: string
  /** The host's public key, `ssh-ed25519 AAAA...`, or its fingerprint: the only one that is accepted. Needed with `qemu+ssh`. */
  readonly hostKey?: string
  /** The client's private key: `file:PATH` or `env:NAME`. Absent: the SSH agent of `SSH_AUTH_SOCK`. */
  readonly privateKey?: string
  readonly control?: {
    /** Where the routers' control NICs get their addresses. Absent: the link-local address of the MAC. */
    readonly range?: string
    /** The bridge of the control NICs, where another libvirtd of the same machine has the usual one. */
    readonly bridge?: string
  }
  /** A directory on the host for template, routers and seeds. Absent: `/var/lib/libvirt/images/slash64`. */
  readonly storage?: string
  /** What runs a router's instructions. `auto`: KVM where libvirt offers it. */
  readonly emulation?: KvmEmulation
}

export type KvmEmulation = "auto" | "kvm" | "tcg"

export const defaultStorage = "/var/lib/libvirt/images/slash64"

const schema = z.strictObject({
  uri: z.string(),
  hostKey: z.string().optional(),
  privateKey: z
    .string()
    .regex(/^(file:\/[^\0\n]+|env:[A-Za-z_][A-Za-z0-9_]*)$/, "not file:/PATH or env:NAME")
    .optional(),
  control: z
    .strictObject({
      range: z.string().optional(),
      bridge: z
        .string()
        .regex(/^[a-z][a-z0-9-]{0,14}$/, "not a bridge name of 1 to 15 lower-case letters, digits and dashes")
        .optional(),
    })
    .optional(),
  storage: z
    .string()
    .regex(/^(\/[A-Za-z0-9_+@][A-Za-z0-9._+@-]*){2,}$/, "not an absolute path of plain names, two deep or more")
    .optional(),
  emulation: z.enum(["auto", "kvm", "tcg"]).optional(),
})

const hints: Readonly<Record<string, string>> = {
  uri: "Give qemu:///system, or qemu+ssh://user@host/system.",
  hostKey: "Give the line that `ssh-keyscan -t ed25519 HOST` shows, after you compared it on the host.",
  privateKey: "Give a reference to the key, file:/PATH or env:NAME, never the key.",
  control: "Give { range: PREFIX, bridge: NAME }, or either, or leave it out.",
  storage: "Give a directory such as /var/lib/libvirt/images/slash64.",
  emulation: "Give auto, kvm or tcg.",
}

/** Checks a host's configuration. INVALID_ARGUMENT that names the field; touches nothing. */
export function parseKvmConfig(input: unknown): KvmConfig {
  const parsed = schema.safeParse(input)
  if (!parsed.success) throw fromIssue(parsed.error.issues[0], input)
  const config = parsed.data
  const target = parseLibvirtUri(config.uri)
  if (target.ssh !== undefined && config.hostKey === undefined) {
    throw invalid("hostKey", undefined, "needed with qemu+ssh: no host is trusted on first use", hints["hostKey"] ?? "")
  }
  if (target.ssh !== undefined && config.hostKey !== undefined) checkHostKey(config.hostKey, target.ssh)
  if (config.control?.range !== undefined) parseControlRange(config.control.range)
  return dropUndefined(config)
}

function checkHostKey(hostKey: string, { host, port }: SshTarget): void {
  try {
    parseHostKeyPins([hostKey], host, port)
  } catch (error) {
    throw invalid("hostKey", hostKey, error instanceof Error ? error.message : "no host key", hints["hostKey"] ?? "")
  }
}

function fromIssue(issue: z.core.$ZodIssue | undefined, input: unknown): Error {
  const unknownKey = issue?.code === "unrecognized_keys" ? issue.keys[0] : undefined
  const path = [...(issue?.path ?? []), ...(unknownKey === undefined ? [] : [unknownKey])]
  const field = path.length === 0 ? "config" : path.map(String).join(".")
  // A key pasted in place of its reference must not be shown.
  const value = field === "privateKey" ? "(not shown)" : valueAt(input, path)
  const hint = hints[String(path[0])] ?? `The fields are ${Object.keys(hints).join(", ")}.`
  return invalid(field, value, issue?.message ?? "not a configuration", hint)
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) => (typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined),
    input,
  )
}

function dropUndefined(config: z.infer<typeof schema>): KvmConfig {
  return {
    uri: config.uri,
    ...(config.hostKey !== undefined && { hostKey: config.hostKey }),
    ...(config.privateKey !== undefined && { privateKey: config.privateKey }),
    ...(config.control !== undefined && {
      control: {
        ...(config.control.range !== undefined && { range: config.control.range }),
        ...(config.control.bridge !== undefined && { bridge: config.control.bridge }),
      },
    }),
    ...(config.storage !== undefined && { storage: config.storage }),
    ...(config.emulation !== undefined && { emulation: config.emulation }),
  }
}
