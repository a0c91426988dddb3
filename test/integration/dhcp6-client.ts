import { spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { createInterface } from "node:readline"
import type { Dhcp6Question } from "./dhcp6-child.ts"
import type { Dhcp6Message, Dhcp6Reply } from "./dhcp6-message.ts"

/** A DHCPv6 client in a guest's namespace that says what it is told to say, rightly or not. */
export interface Dhcp6Client {
  /** Undefined: nobody answered in this time, five seconds where none is given. */
  ask(message: Dhcp6Message, waitMs?: number): Promise<Dhcp6Reply | undefined>
  close(): Promise<void>
}

export async function openDhcp6Client(namespace: string, device: string): Promise<Dhcp6Client> {
  const program = join(import.meta.dirname, "dhcp6-child.ts")
  const child = spawn("ip", ["netns", "exec", namespace, process.execPath, program, device], {
    stdio: ["pipe", "pipe", "inherit"],
  })
  const exited = once(child, "exit")
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  await lines.next()
  return {
    async ask(message, waitMs = 5000) {
      const question: Dhcp6Question = { message, waitMs }
      child.stdin.write(`${JSON.stringify(question)}\n`)
      const { value, done } = await lines.next()
      if (done === true) throw new Error(`the DHCPv6 client in ${namespace} has ended`)
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what the child prints
      return (JSON.parse(value) as Dhcp6Reply | null) ?? undefined
    },
    async close() {
      child.stdin.end()
      await exited
    },
  }
}
