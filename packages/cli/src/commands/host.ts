import { Option } from "@commander-js/extra-typings"
import type { HostDescription, HostRecord, HypervisorPlugin } from "@slash64/core"
import { Slash64Error, connectHost, invalid, parseHostConfig, parseId } from "@slash64/core"
import { resolve } from "node:path"
import type { Answer } from "../answer.ts"
import { exitCodes } from "../exit-code.ts"
import { checkReferences } from "../check-references.ts"
import { card, table } from "../output/table.ts"
import type { Act, Program } from "../program.ts"
import type { Session } from "../session.ts"

interface HostOptions {
  readonly kvm?: string | undefined
  readonly hostKey?: string | undefined
  readonly identity?: string | undefined
  readonly controlRange?: string | undefined
  readonly storage?: string | undefined
  readonly emulation?: string | undefined
  readonly plugin?: string | undefined
  readonly config?: string | undefined
  readonly connect: boolean
}

export function addHostCommands(program: Program, act: Act): void {
  const host = program.command("host").description("the hypervisor hosts that networks and routers run on")

  host
    .command("add <name>")
    .description("add a host, or change one that nothing stands on")
    .option("--kvm <uri>", "a libvirt URI: qemu:///system, qemu+ssh://user@host/system")
    .option("--host-key <key>", "the host's SSH key, `ssh-ed25519 AAAA...`: no host is trusted on first use")
    .option("--identity <reference>", "the private key to log in with, file:PATH or env:NAME; else the SSH agent")
    .option("--control-range <range>", "where routers' control NICs get static addresses; else link-local")
    .option("--storage <directory>", "where the host keeps templates, routers and seeds")
    .addOption(new Option("--emulation <kind>", "what runs a router's instructions").choices(["auto", "kvm", "tcg"]))
    .option("--plugin <name>", "another plugin than kvm, with --config; its package is named in SLASH64_PLUGINS")
    .option("--config <json>", "the host's configuration for that plugin; secrets as env:NAME or file:PATH")
    .option("--no-connect", "do not connect to the host now")
    .addHelpText(
      "after",
      `
Examples:
  slash64 host add lab --kvm qemu:///system
  slash64 host add rack7 --kvm qemu+ssh://root@rack7/system \\
    --host-key "ssh-ed25519 AAAAC3Nz..." --identity file:/root/.ssh/id_ed25519`,
    )
    .action((name, options) => act((session) => addHost(session, name, options)))

  host
    .command("list")
    .description("the hosts that were added")
    .addHelpText("after", "\nExample:\n  slash64 host list --json")
    .action(() => act(listHosts))

  host
    .command("check <name>")
    .description("connect to a host and say what is missing on it; exit code 9 where something has to be done")
    .addHelpText("after", "\nExample:\n  slash64 host check lab")
    .action((name) => act((session) => checkHost(session, name)))
}

async function addHost(session: Session, name: string, options: HostOptions): Promise<Answer> {
  const record = hostRecord(name, options)
  const plugin = await session.plugin(record.plugin)
  parseHostConfig(plugin, record.config)
  const description = options.connect ? await lookAt(session, record, plugin) : undefined
  const host = await (await session.store()).putHost(record)
  return {
    json: { host, ...(description !== undefined && { description }) },
    text: description === undefined ? `host ${host.name} added` : describe(host, description),
  }
}

/** Through a connection of its own: the host is in the store only when it was reached. */
async function lookAt(session: Session, record: HostRecord, plugin: HypervisorPlugin): Promise<HostDescription> {
  session.call.report({ step: `connecting to host ${record.name}` })
  const host = await connectHost(plugin, record.config, session.call)
  try {
    return await host.describeHost(session.call)
  } finally {
    await host.close()
  }
}

async function listHosts(session: Session): Promise<Answer> {
  const hosts = await (await session.store()).listHosts()
  return {
    json: { hosts },
    text: table(
      ["name", "plugin", "configuration"],
      hosts.map((host) => [host.name, host.plugin, JSON.stringify(host.config)]),
      "no hosts: add one with slash64 host add",
    ),
  }
}

async function checkHost(session: Session, name: string): Promise<Answer> {
  const host = await session.hostRecord(name)
  const description = await (await session.host(name)).describeHost(session.call)
  const amiss = description.findings.some((finding) => finding.severity === "error")
  return {
    json: { host, description },
    text: describe(host, description),
    ...(amiss && { exitCode: exitCodes.FAILED_PRECONDITION }),
  }
}

function hostRecord(name: string, options: HostOptions): HostRecord {
  parseId("name", name)
  if (options.plugin !== undefined) {
    return { name, plugin: options.plugin, config: checkReferences("config", parseJson(options.config ?? "{}")) }
  }
  if (options.kvm === undefined) {
    throw new Slash64Error("INVALID_ARGUMENT", "--kvm is missing", {
      field: "--kvm",
      hint: "Give --kvm qemu:///system, or --plugin NAME --config JSON.",
    })
  }
  return {
    name,
    plugin: "kvm",
    config: checkReferences("config", {
      uri: options.kvm,
      ...(options.hostKey !== undefined && { hostKey: options.hostKey }),
      ...(options.identity !== undefined && { privateKey: absoluteReference(options.identity) }),
      ...(options.controlRange !== undefined && { control: { range: options.controlRange } }),
      ...(options.storage !== undefined && { storage: options.storage }),
      ...(options.emulation !== undefined && { emulation: options.emulation }),
    }),
  }
}

/** A command is run again from elsewhere: `file:id_ed25519` is made to mean the same there. */
function absoluteReference(reference: string): string {
  return reference.startsWith("file:") ? `file:${resolve(reference.slice("file:".length))}` : reference
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

function describe(host: HostRecord, { hypervisor, version, capabilities, findings }: HostDescription): string {
  const facts = card({
    host: host.name,
    hypervisor,
    version,
    acceleration: capabilities.acceleration,
    attachments: capabilities.attachments.join(", "),
    "port security": capabilities.portSecurity,
  })
  const lines = findings.map(({ severity, subject, problem, hint }) => [severity, subject, problem, hint])
  return `${facts}\n\n${table(["finding", "subject", "problem", "what to do"], lines, "nothing is missing")}`
}
