import { Command, Option } from "@commander-js/extra-typings"
import type { CommandUnknownOpts } from "@commander-js/extra-typings"
import { invalid } from "@slash64/core"
import type { Answer } from "./answer.ts"
import { addConformanceCommand } from "./commands/conformance.ts"
import { addConvergeCommands } from "./commands/converge.ts"
import { addDbCommands } from "./commands/db.ts"
import { addGuestConfigCommand } from "./commands/guest-config.ts"
import { addHostCommands } from "./commands/host.ts"
import { addNetworkCommands } from "./commands/network.ts"
import { addNicCommands } from "./commands/nic.ts"
import { addPoolCommands } from "./commands/pool.ts"
import { addRouterCommands } from "./commands/router.ts"
import { addServeCommand } from "./commands/serve.ts"
import { addStatusCommand } from "./commands/status.ts"
import { addTemplateCommands } from "./commands/template.ts"
import { exitCodeTable } from "./exit-code.ts"
import { logLevels } from "./log.ts"
import type { LogLevel } from "./log.ts"
import type { Session } from "./session.ts"
import { table } from "./output/table.ts"

/** Options that every command takes. */
export interface GlobalOptions {
  readonly json: boolean
  readonly db: string | undefined
  readonly timeoutMs: number | undefined
  readonly logLevel: LogLevel
}

/** Runs a command's deed in a session and shows its answer. */
export type Act = (deed: (session: Session) => Promise<Answer>) => Promise<void>

/** The whole command line; what a command does with its answer is `act`'s. */
export function createProgram(version: string, act: (options: GlobalOptions, deed: Deed) => Promise<void>): Program {
  const program = new Command("slash64")
    .description("IPv6 shared networks on KVM and XenServer: one /64 a network, one address a NIC, for ever its own.")
    .version(version)
    .option("--json", "print one JSON document on standard output, errors too", false)
    .option("--db <path>", "the database; keys lie beside it (default: slash64/slash64.db in $XDG_STATE_HOME)")
    .option("--timeout <seconds>", "give up after this time", parseSeconds)
    .addOption(
      new Option("--log-level <level>", "log as JSON lines on standard error")
        .choices(logLevels)
        .default("silent" as const),
    )
    .configureHelp({ showGlobalOptions: true })
    .exitOverride()
    .addHelpText("after", () => `\n${examples}\n\n${databases}\n\nExit codes:\n${indent(exitCodes())}`)
  const run: Act = (deed) => {
    const { json, db, timeout, logLevel } = program.opts()
    return act({ json, db, timeoutMs: timeout, logLevel }, deed)
  }
  addHostCommands(program, run)
  addTemplateCommands(program, run)
  addNetworkCommands(program, run)
  addPoolCommands(program, run)
  addRouterCommands(program, run)
  addNicCommands(program, run)
  addGuestConfigCommand(program, run)
  addStatusCommand(program, run)
  addConvergeCommands(program, run)
  addDbCommands(program, run)
  addConformanceCommand(program, run)
  // Whoever leaves a server running wants to read afterwards what it did.
  const silent = () => program.getOptionValueSource("logLevel") === "default"
  addServeCommand(program, (deed) => {
    const { json, db, timeout, logLevel } = program.opts()
    return act({ json, db, timeoutMs: timeout, logLevel: silent() ? "info" : logLevel }, deed)
  })
  return program
}

export type Deed = Parameters<Act>[0]
export type Program = CommandUnknownOpts

const examples = `Examples:
  slash64 host add lab --kvm qemu:///system
  slash64 network create blue --ipv6 2001:db8:0:1::/64 --isolated --ra router
  slash64 template build && slash64 router start blue --host lab
  slash64 nic attach blue web1 --host lab
  slash64 status`

const databases = `Database:
  --db, or SLASH64_DB in the environment, names a file, or one in PostgreSQL that several servers share:
  postgres://user@host/database?sslmode=verify-full. Its password is taken from PGPASSWORD or ~/.pgpass; keys and
  secret stay in $XDG_STATE_HOME/slash64.`

function exitCodes(): string {
  const rows = exitCodeTable.map(({ exitCode, code, meaning }) => [String(exitCode), code, meaning])
  return table(["exit code", "error code", "meaning"], rows, "")
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, "  ")
}

function parseSeconds(text: string): number {
  const seconds = Number(text)
  if (!(seconds > 0 && seconds <= 86_400)) {
    throw invalid("--timeout", text, "is no time in seconds", "Give more than 0 and at most 86400.")
  }
  return seconds * 1000
}
