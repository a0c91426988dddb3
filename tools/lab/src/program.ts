import { resolve } from "node:path"
import { Command, Option } from "commander"
import { bringUp } from "./lab/bring-up.ts"
import { defaultLabDir, labHome } from "./lab/lab-home.ts"
import { whileLocked } from "./lab/lab-lock.ts"
import { checkChoices, networkKinds, ways } from "./lab/lab-record.ts"
import type { LabChoices } from "./lab/lab-record.ts"
import { readStatus } from "./lab/read-status.ts"
import { showAnswer, showStatus } from "./lab/show.ts"
import { Steps } from "./lab/steps.ts"
import { takeDown } from "./lab/take-down.ts"

export interface LabWorld {
  readonly out: (text: string) => void
  readonly err: (text: string) => void
  readonly signal: AbortSignal
}

interface Options extends LabChoices {
  readonly dir: string
  readonly json?: boolean
}

/** Runs one command of the lab and gives its exit code. */
export async function runLab(args: readonly string[], world: LabWorld): Promise<number> {
  const steps = new Steps(world.err)
  let exitCode = 0
  const program = new Command("npm run lab --")
    .description("A lab on this machine: a router VM, a guest VM, and an IPv6 address for it, for real.")
    .helpCommand(false)

  command(program, "up", "make it, or mend it, and show what the guest says", { isDefault: true })
    .addOption(new Option("--network <kind>", "what the network stands on").choices(networkKinds).default("isolated"))
    .addOption(new Option("--via <way>", "how the plugin reaches this machine").choices(ways).default("local"))
    .option("--xenserver", "on a pool that answers as XenServer does, instead of libvirt", false)
    .option("--private-libvirtd", "use a libvirtd of the lab's own beside the one of this machine", false)
    .action(async ({ dir, json, network, via, privateLibvirtd, xenserver }: Options) => {
      const choices = { network, via, privateLibvirtd, xenserver }
      checkChoices(choices)
      const answer = await whileLocked(labHome(dir), () => bringUp(dir, choices, steps, world.signal))
      world.out(json === true ? `${JSON.stringify(answer)}\n` : showAnswer(answer, steps.elapsedMs))
      if (!answer.guest.pingOk) exitCode = 1
    })
  command(program, "status", "show what is there; exit code 1 when it is not whole").action(
    async ({ dir, json }: Options) => {
      const status = await readStatus(dir, world.signal)
      world.out(json === true ? `${JSON.stringify(status)}\n` : showStatus(status))
      if (!status.up) exitCode = 1
    },
  )
  command(program, "down", "remove all that it made, and nothing else").action(async ({ dir, json }: Options) => {
    await whileLocked(labHome(dir), () => takeDown(dir, steps, world.signal))
    world.out(json === true ? `${JSON.stringify({ down: true })}\n` : "the lab is down\n")
  })

  try {
    await program.parseAsync([...args], { from: "user" })
    return exitCode
  } catch (error) {
    world.err(showFailure(error, steps.current))
    return world.signal.aborted ? 130 : 1
  }
}

function command(program: Command, name: string, description: string, options: { isDefault?: boolean } = {}): Command {
  return program
    .command(name, options)
    .description(description)
    .addOption(
      new Option("--dir <directory>", "where the lab keeps what it makes").default(defaultLabDir).argParser(absolute),
    )
    .option("--json", "end with one line of JSON")
}

function absolute(directory: string): string {
  return resolve(directory)
}

function showFailure(error: unknown, step: string): string {
  const message = error instanceof Error ? error.message : String(error)
  const hint =
    typeof error === "object" && error !== null && "hint" in error && typeof error.hint === "string"
      ? error.hint
      : "Repeat the command: it goes on from where it was. `npm run lab -- down` removes what is there."
  return `\nlab: failed at: ${step}\nlab: ${message}\nlab: ${hint.replaceAll("\n", "\nlab:   ")}\n`
}
