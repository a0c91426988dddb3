import { execFile } from "node:child_process"
import { setTimeout as delay } from "node:timers/promises"
import { promisify } from "node:util"

const execute = promisify(execFile)

/** A guest that is asked, through QEMU's guest agent in it, what it sees itself. */
export interface GuestAgent {
  /** Whether the agent answers now. */
  ready(): Promise<boolean>
  /** Runs a program in the guest to its end. */
  run(program: string, ...args: readonly string[]): Promise<GuestRun>
}

export interface GuestRun {
  readonly status: number
  readonly output: string
  /** What it said beside its output: iproute2 that its answer may be stale, say. */
  readonly complaints: string
}

/** Asks the agent in a guest one of its `guest-*` commands, and gives what it returns. */
export type AskAgent = (command: string, words?: Readonly<Record<string, unknown>>) => Promise<unknown>

/** The agent of a domain of a libvirt that `virsh` reaches. The calls fail until the guest has booted. */
export function connectGuestAgent(uri: string, domain: string, signal?: AbortSignal): GuestAgent {
  return toGuestAgent(async (command, words) => {
    const request = JSON.stringify({ execute: command, ...(words !== undefined && { arguments: words }) })
    const virsh = ["-q", "-c", uri, "qemu-agent-command", "--timeout", "10", domain, request]
    const { stdout } = await execute("virsh", virsh, signal === undefined ? {} : { signal })
    return field(JSON.parse(stdout), "return")
  }, signal)
}

export function toGuestAgent(ask: AskAgent, signal?: AbortSignal): GuestAgent {
  return {
    ready: () =>
      ask("guest-ping").then(
        () => true,
        () => {
          signal?.throwIfAborted()
          return false
        },
      ),
    async run(program, ...args) {
      const pid = field(await ask("guest-exec", { path: program, arg: args, "capture-output": true }), "pid")
      for (;;) {
        const status = await ask("guest-exec-status", { pid })
        if (field(status, "exited") === true) return parseRun(status)
        await delay(50)
      }
    },
  }
}

function parseRun(status: unknown): GuestRun {
  const [output, complaints] = [decode(field(status, "out-data")), decode(field(status, "err-data"))]
  const exitCode = field(status, "exitcode")
  return { status: typeof exitCode === "number" ? exitCode : -1, output, complaints }
}

function decode(value: unknown): string {
  return typeof value === "string" ? Buffer.from(value, "base64").toString() : ""
}

function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined
}
