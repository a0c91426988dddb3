import { Option } from "@commander-js/extra-typings"
import type { HostDescription, HostRecord, HypervisorPlugin } from "@slash64/core"
import { connectHost, parseHostConfig } from "@slash64/core"
import type { Answer } from "../answer.ts"
import { exitCodes } from "../exit-code.ts"
import { card, table } from "../output/table.ts"
import type { Act, Program } from "../program.ts"
import type { Session } from "../session.ts"
import { type HostOptions, hostRecord } from "./host-record.ts"

interface AddOptions extends HostOptions {
  readonly connect: boolean
}

export function addHostCommands(program: Program, act: Act): void {
  const host = program.command("host").description("the hypervisor hosts that networks and routers run on")

  host
    .command("add <name>")
    .description("add a host, or change one that nothing stands on")
    .option("--kvm <uri>", "a libvirt URI: qemu:///system, qemu+ssh://user@host/system")
    .option("--xenserver <url>", "a host of a XenServer or XCP-ng pool: https://HOST; give others too", append)
    .option("--user <name>", "the account of the pool; else root")
    .option("--password <reference>", "its password, file:PATH or env:NAME")
    .option("--certificate <pin>", "a host's certificate, sha256:HEX, once a host of the pool", append)
    .option("--ca <file>", "file:PATH of the CA of the hosts' certificates, instead of these")
    .option("--host-key <key>", "the host's SSH key: no host is trusted on first use; of a pool once a host", append)
    .option("--identity <reference>", "the private key to log in with, file:PATH or env:NAME; else the SSH agent")
    .option("--ssh-port <port>", "of the SSH servers of a pool's hosts; else 22")
    .option("--control-network <network>", "of routers' control NICs on a pool; else the hosts' internal one")
    .option("--control-range <range>", "where routers' control NICs get static addresses; else link-local")
    .option("--storage <place>", "where templates, routers and seeds are kept: a directory; of a pool a repository")
    .addOption(new Option("--emulation <kind>", "what runs a router's instructions").choices(["auto", "kvm", "tcg"]))
    .option("--plugin <name>", "another plugin, with --config; its package is named in SLASH64_PLUGINS")
    .option("--config <json>", "the host's configuration for that plugin; secrets as env:NAME or file:PATH")
    .option("--no-connect", "do not connect to the host now")
    .addHelpText(
      "after",
      `
Examples:
  slash64 host add lab --kvm qemu:///system
  slash64 host add rack7 --kvm qemu+ssh://root@rack7/system \\
    --host-key "ssh-ed25519 AAAAC3Nz..." --identity file:/root/.ssh/id_ed25519
  slash64 host add pool1 --xenserver https://xcp1 --password file:/root/xcp-password \\
    --certificate sha256:5f0c... --certificate sha256:91ab... \\
    --host-key SHA256:uNiV... --host-key SHA256:x0Rg... --identity file:/root/.ssh/id_ed25519`,
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

  host
    .command("remove <name>")
    .description("forget a host that no NIC, router or network is on; success where there is none")
    .addHelpText("after", "\nExample:\n  slash64 host remove rack7")
    .action((name) =>
      act(async (session) => {
        await (await session.store()).removeHost(name)
        return { json: {}, text: `host ${name} is not added` }
      }),
    )
}

/** An option that may be given several times. */
function append(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value]
}

async function addHost(session: Session, name: string, options: AddOptions): Promise<Answer> {
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
