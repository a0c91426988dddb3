import { CommanderError } from "@commander-js/extra-typings"
import { Slash64Error, abortError, isSlash64Error } from "@slash64/core"
import { withoutPassword } from "@slash64/store-postgres"
import { exitCodes } from "./exit-code.ts"
import { newLog } from "./log.ts"
import { ProgressLine } from "./output/progress-line.ts"
import { errorLines, exitCodeOf, showError } from "./output/show-error.ts"
import { createProgram } from "./program.ts"
import type { Deed, GlobalOptions } from "./program.ts"
import { Session } from "./session.ts"
import { statePaths } from "./state/state-paths.ts"
import { shellWords } from "./output/shell-words.ts"
import { version } from "./version.ts"
import type { World } from "./world.ts"

/** Runs one command line to its end: gives the exit code, never throws. */
export async function runCli(args: readonly string[], world: World): Promise<number> {
  let exitCode = 0
  const program = createProgram(version, async (options, deed) => {
    exitCode = await runDeed(args, options, deed, world)
  })
  configureOutput(program, world)
  try {
    await program.parseAsync([...args], { from: "user" })
    return exitCode
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0
    // A group without a command: its help was shown.
    if (error instanceof CommanderError && error.code === "commander.help") return exitCodes.INVALID_ARGUMENT
    return fail(asUsageError(error), args.includes("--json"), world)
  }
}

async function runDeed(args: readonly string[], options: GlobalOptions, deed: Deed, world: World): Promise<number> {
  const log = newLog(options.logLevel, world.stderr)
  const line = new ProgressLine(world.stderr)
  const session = new Session({
    world,
    paths: statePaths(world.env, options.db),
    log,
    timeoutMs: options.timeoutMs,
    report: (progress) => line.report(progress),
  })
  try {
    const answer = await deed(session)
    line.clear()
    world.stdout.write(options.json ? `${JSON.stringify(answer.json)}\n` : `${answer.text}\n`)
    return answer.exitCode ?? 0
  } catch (error) {
    line.clear()
    const own = session.call.signal.aborted && !isSlash64Error(error) ? abortError(session.call.signal) : error
    log.debug({ requestId: session.call.requestId, error: own }, "failed")
    return fail(withRepeat(own, args), options.json, world)
  } finally {
    await session.close()
  }
}

function fail(error: unknown, json: boolean, world: World): number {
  const shown = showError(error)
  if (json) world.stdout.write(`${JSON.stringify({ error: shown })}\n`)
  else world.stderr.write(errorLines(shown))
  return exitCodeOf(error)
}

/** Every command may be repeated: one that was cut off says with which words. */
function withRepeat(error: unknown, args: readonly string[]): unknown {
  if (!isSlash64Error(error) || (error.code !== "CANCELLED" && error.code !== "DEADLINE_EXCEEDED")) return error
  const { field, value, outcome } = error
  return new Slash64Error(error.code, error.message, {
    ...(field !== undefined && { field }),
    ...(value !== undefined && { value }),
    ...(outcome !== undefined && { outcome }),
    hint: `Repeat the command, it goes on from where it was: slash64 ${shellWords(args.map(withoutPassword))}`,
    cause: error,
  })
}

function asUsageError(error: unknown): unknown {
  if (!(error instanceof CommanderError)) return error
  const [problem = "", guess] = error.message.replace(/^error: /, "").split("\n")
  const hint = ["See --help of the command.", ...(guess === undefined ? [] : [guess])].join(" ")
  return new Slash64Error("INVALID_ARGUMENT", problem, { hint, cause: error })
}

function configureOutput(program: ReturnType<typeof createProgram>, world: World): void {
  const configure = (command: ReturnType<typeof createProgram>): void => {
    command.configureOutput({
      writeOut: (text) => {
        world.stdout.write(text)
      },
      writeErr: (text) => {
        world.stderr.write(text)
      },
      // Errors are shown by fail(), in the form of every other error.
      outputError: () => {},
      getOutHelpWidth: () => 100,
    })
    command.commands.forEach(configure)
  }
  configure(program)
}
