import { resolve } from "node:path"
import { Command, Option } from "commander"
import { askControl } from "@slash64/tool-lab"
import { openPlan } from "./lab-plan.ts"
import { powerOff } from "./power-off.ts"
import { type ShownPool, controlSocket, runPool } from "./run-pool.ts"

export interface ProgramWorld {
  readonly out: (text: string) => void
  readonly err: (text: string) => void
  readonly signal: AbortSignal
}

interface StartOptions {
  readonly dir: string
  readonly hosts: "1" | "2"
  readonly http: boolean
  readonly accel: "kvm" | "tcg"
}

const defaultDir = "/var/lib/slash64-xapi"

/** Runs one command of the lab host and gives its exit code. */
export async function runLabHost(args: readonly string[], world: ProgramWorld): Promise<number> {
  const program = new Command("npm run xapi-lab-host --")
    .description("A pool that answers as XenServer does, on Open vSwitch and QEMU of this machine.")
    .helpCommand(false)
  command(program, "start", "run the pool until Ctrl-C; its VMs run on, and a new start finds them")
    .addOption(new Option("--hosts <number>", "how many hosts").choices(["1", "2"]).default("1"))
    .option("--http", "HTTP instead of HTTPS", false)
    .addOption(new Option("--accel <kind>", "what runs the VMs' instructions").choices(["kvm", "tcg"]).default("tcg"))
    .action(async ({ dir, hosts, http, accel }: StartOptions) =>
      start(dir, { hosts: hosts === "2" ? 2 : 1, tls: !http, accel }, world),
    )
  command(
    program,
    "ask <method> [parameters]",
    "ask the running pool what XAPI does not: a fault, a guest's agent",
  ).action(async (method: string, parameters: string | undefined, { dir }: { readonly dir: string }) => {
    const params: unknown = JSON.parse(parameters ?? "{}")
    world.out(`${JSON.stringify(await askControl(controlSocket(dir), method, params), undefined, 2)}\n`)
  })
  command(program, "power-off", "end the pool and its VMs; disks and database stay").action(
    ({ dir }: { readonly dir: string }) => powerOff(dir),
  )
  try {
    await program.parseAsync([...args], { from: "user" })
    return 0
  } catch (error) {
    world.err(`xapi-lab-host: ${error instanceof Error ? error.message : String(error)}\n`)
    return 1
  }
}

function command(program: Command, name: string, description: string): Command {
  return program
    .command(name)
    .description(description)
    .option("--dir <directory>", "where the pool keeps all that it has", (dir) => resolve(dir), defaultDir)
}

async function start(dir: string, choices: Parameters<typeof openPlan>[1], world: ProgramWorld): Promise<void> {
  const pool = await runPool(dir, await openPlan(dir, choices))
  world.out(describe(pool.shown, controlSocket(dir)))
  const interrupted = new Promise<void>((done) => {
    world.signal.addEventListener("abort", () => done(), { once: true })
    if (world.signal.aborted) done()
  })
  await Promise.race([pool.stopped, interrupted])
  await pool.close()
}

function describe(pool: ShownPool, control: string): string {
  const { urls, certificates, user, passwordFile, ssh, identity, links } = pool
  const hosts = ssh.map(({ address, port, hostKey }, index) => {
    const pin = certificates[index]
    const url = `url          ${urls[index] ?? ""}${pin === undefined ? "" : `\ncertificate  ${pin}`}`
    return `${url}\nssh          root@${address} port ${port}, ${hostKey}`
  })
  const account = [`account      ${user}`, `password     file:${passwordFile}`, `ssh key      file:${identity}`]
  return `${[...hosts, ...account, `NICs end at  ${links.join(", ")}`, `control      ${control}`].join("\n")}\n`
}
