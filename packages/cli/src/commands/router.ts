import {
  convergeRouter,
  invalid,
  moveRouter,
  raProblems,
  readRouterStatus,
  removeRouter,
  startRouter,
  upgradeRouter,
} from "@slash64/core"
import type { PushResult, ReplacedRouter, RouterStatus } from "@slash64/core"
import type { Answer } from "../answer.ts"
import { findNetwork } from "../find-network.ts"
import { card, table } from "../output/table.ts"
import type { Act, Program } from "../program.ts"
import type { Session } from "../session.ts"
import { problemText } from "../status/problem-text.ts"

interface StartOptions {
  readonly host?: string | undefined
  readonly template?: string | undefined
  readonly vcpus?: string | undefined
  readonly memory?: string | undefined
  readonly controlAddress?: string | undefined
}

export function addRouterCommands(program: Program, act: Act): void {
  const router = program.command("router").description("the router VM of a network: DHCPv6, DNS, and RA when asked")

  router
    .command("start <network>")
    .description("start the router VM from a registered template, and tell it all NICs of the network")
    .option("--host <name>", "the host that it runs on; not needed where there is one")
    .option("--template <digest>", "a registered template; else the one registered last")
    .option("--vcpus <count>", "1 to 16 (default: 1)")
    .option("--memory <MiB>", "128 to 65536 (default: 256)")
    .option("--control-address <address/length>", "a static address of its control NIC; else link-local")
    .addHelpText("after", "\nExample:\n  slash64 router start blue --host lab")
    .action((network, options) => act((session) => start(session, network, options)))

  router
    .command("upgrade <network>")
    .description("replace the router VM by one from a newer template; guests keep addresses and leases")
    .option("--template <digest>", "a registered template; else the one registered last that fits the host")
    .addHelpText(
      "after",
      `
Example:
  slash64 router upgrade blue

All of the new VM is made before the old one stops. Nobody answers the guests while it boots: the command ends with how
long that was. Cut off anywhere, repeat it, or slash64 apply.`,
    )
    .action((network, options) => act((session) => upgrade(session, network, options)))

  router
    .command("move <network>")
    .description("take the router VM to another host; guests keep addresses and leases")
    .requiredOption("--host <name>", "the host that it is to run on")
    .option("--control-address <address/length>", "a static address of its control NIC there; else link-local")
    .option("--force", "also when the host that it is on does not answer: it is switched off, and stays so", false)
    .addHelpText(
      "after",
      `
Examples:
  slash64 router move blue --host lab2
  slash64 router move blue --host lab2 --force

Two routers must not run at once. Before --force, switch the dead host off: if it comes back, it starts the old VM, which
answers with old addresses until slash64 serve or slash64 apply has seen the host again and removed it.`,
    )
    .action((network, options) => act((session) => move(session, network, options)))

  router
    .command("status <network>")
    .description("what the router says of itself: version, services, leases, other routers, changed files")
    .addHelpText("after", "\nExample:\n  slash64 router status blue --json")
    .action((network) => act((session) => status(session, network)))

  router
    .command("push <network>")
    .description("bring the router to what the database holds; only what differs is sent")
    .addHelpText("after", "\nExample:\n  slash64 router push blue")
    .action((network) => act((session) => push(session, network)))

  router
    .command("remove <network>")
    .description("remove the router VM; refused while NICs stand on the network")
    .option("--force", "also then: they keep their addresses, and nobody renews their leases", false)
    .addHelpText("after", "\nExample:\n  slash64 router remove blue")
    .action((network, { force }) => act((session) => remove(session, network, force)))
}

async function start(session: Session, network: string, options: StartOptions): Promise<Answer> {
  const request = {
    network,
    host: await session.hostName(options.host),
    ...(options.template !== undefined && { template: options.template }),
    ...(options.vcpus !== undefined && { vcpus: wholeNumber("--vcpus", options.vcpus) }),
    ...(options.memory !== undefined && { memoryMiB: wholeNumber("--memory", options.memory) }),
    ...(options.controlAddress !== undefined && { controlAddress: options.controlAddress }),
  }
  const started = await startRouter(request, await session.rooms(), session.call)
  const { router, status: booted, push: pushed } = started
  const facts = card({ router: router.id, host: router.host, version: booted.version, boot: `${booted.bootMs} ms` })
  return { json: started, text: `${facts}\n${pushText(pushed)}` }
}

async function upgrade(
  session: Session,
  network: string,
  { template }: { readonly template?: string | undefined },
): Promise<Answer> {
  const request = { network, ...(template !== undefined && { template }) }
  return replacedText(await upgradeRouter(request, await session.rooms(), session.call))
}

interface MoveOptions {
  readonly host: string
  readonly controlAddress?: string | undefined
  readonly force: boolean
}

async function move(session: Session, network: string, options: MoveOptions): Promise<Answer> {
  const { host, force, controlAddress } = options
  const request = { network, host, force, ...(controlAddress !== undefined && { controlAddress }) }
  return replacedText(await moveRouter(request, await session.rooms(), session.call))
}

function replacedText(replaced: ReplacedRouter): Answer {
  const { router, status: booted, push: pushed, gapMs } = replaced
  const gap = gapMs === undefined ? "none: no VM was stopped" : `${(gapMs / 1000).toFixed(1)} s without an answer`
  const lost = (router.former ?? []).map(({ host }) => `Host ${host} may still have the old VM: keep it switched off.`)
  const facts = card({ router: router.id, host: router.host, version: booted.version, gap })
  return { json: replaced, text: [facts, pushText(pushed), ...lost].join("\n") }
}

async function status(session: Session, network: string): Promise<Answer> {
  const rooms = await session.rooms()
  const said = await readRouterStatus(network, rooms, session.call)
  const problems = raProblems(await findNetwork(rooms.store, network), said).map(problemText)
  const lines = problems.map((problem) => `problem: ${problem}`)
  return { json: { status: said, problems }, text: [statusText(said), ...lines].join("\n") }
}

async function push(session: Session, network: string): Promise<Answer> {
  const pushed = await convergeRouter(network, await session.rooms(), session.call)
  return { json: { push: pushed }, text: pushText(pushed) }
}

async function remove(session: Session, network: string, force: boolean): Promise<Answer> {
  const removed = await removeRouter({ network, force }, await session.rooms(), session.call)
  const text = removed.router === undefined ? "nothing to remove" : `the router of ${network} is removed`
  return { json: removed, text }
}

function wholeNumber(field: string, text: string): number {
  if (/^\d{1,6}$/.test(text)) return Number(text)
  throw invalid(field, text, "is not a whole number", "Give digits only.")
}

function statusText(said: RouterStatus): string {
  const facts = card({
    router: said.routerId,
    version: said.version,
    revision: `${said.revision}, generation ${said.generation}`,
    boot: `${said.bootMs} ms`,
    services: Object.entries(said.services)
      .map(([name, state]) => `${name} ${state}`)
      .join(", "),
    drifted: said.drifted.length === 0 ? undefined : said.drifted.join(", "),
  })
  const heard = (said.advertisers ?? []).map(({ address, managed, autonomous }) => [
    address,
    managed ? "yes" : "no",
    autonomous ? "yes" : "no",
  ])
  const others = heard.length === 0 ? "" : `\n\n${table(["other router", "managed", "autonomous"], heard, "")}`
  const leases = said.leases.map(({ address, client, expiresAt }) => [
    address,
    client,
    new Date(expiresAt * 1000).toISOString(),
  ])
  return `${facts}\n\n${table(["lease", "client", "until"], leases, "no leases")}${others}`
}

function pushText({ revision, generation, changedFiles, sentBytes }: PushResult): string {
  return `revision ${revision}, generation ${generation}: ${changedFiles} files changed, ${sentBytes} bytes sent`
}
