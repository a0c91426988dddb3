import { once } from "node:events"
import { type Socket, connect } from "node:net"
import { createInterface } from "node:readline"
import { OneAtATime } from "../one-at-a-time.ts"
import { isDictionary } from "../model/types.ts"

/** The port of QEMU's guest agent in one machine: one question at a time. */
export class GuestPort {
  readonly #path: string
  readonly #answerMs: number
  readonly #turns = new OneAtATime()
  #open: { readonly socket: Socket; readonly lines: AsyncIterator<string> } | undefined
  #last = 0

  constructor(path: string, answerMs = 10_000) {
    this.#path = path
    this.#answerMs = answerMs
  }

  /** What the agent returns (qemu-ga's `guest-*` commands). Rejects with its words, or when it is silent for 10 s, or what was given. */
  ask(command: string, words: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
    return this.#turns.run("port", async () => {
      try {
        // Answers to what was asked before may be under way still.
        const id = ++this.#last
        await this.#send("guest-sync", { id })
        while ((await this.#answer())["return"] !== id);
        await this.#send(command, words)
        const answer = await this.#answer()
        const { error } = answer
        if (isDictionary(error)) throw new GuestRefusal(`${command}: ${String(error["desc"])}`)
        return answer["return"]
      } catch (error) {
        if (!(error instanceof GuestRefusal)) this.close()
        throw error
      }
    })
  }

  close(): void {
    this.#open?.socket.destroy()
    this.#open = undefined
  }

  async #send(command: string, words: Readonly<Record<string, unknown>>): Promise<void> {
    this.#open ??= await openPort(this.#path)
    this.#open.socket.write(`${JSON.stringify({ execute: command, arguments: words })}\n`)
  }

  async #answer(): Promise<Readonly<Record<string, unknown>>> {
    const open = this.#open
    if (open === undefined) throw new Error("the guest agent's port is closed")
    const silent = setTimeout(() => open.socket.destroy(), this.#answerMs)
    const { value, done } = await open.lines.next()
    clearTimeout(silent)
    if (done === true) throw new Error(`the guest agent did not answer in ${this.#answerMs / 1000} s`)
    const answer: unknown = JSON.parse(value)
    if (!isDictionary(answer)) throw new Error("the guest agent did not answer with an object")
    return answer
  }
}

/** The agent has answered with an error: its port is in order. */
class GuestRefusal extends Error {}

async function openPort(path: string) {
  const socket = connect(path)
  await once(socket, "connect")
  // What a broken connection means is told by its end.
  socket.on("error", () => undefined)
  const lines = createInterface({ input: socket })
  lines.on("error", () => undefined)
  // Lines end with a stream that ends; one that is destroyed does not, and who waits for an answer would wait for ever.
  socket.on("close", () => lines.close())
  return { socket, lines: lines[Symbol.asyncIterator]() }
}
