import { spawn } from "node:child_process"
import { once } from "node:events"
import { createInterface } from "node:readline"

/** A child process that answers each line of its standard input by a line of JSON. */
export class JsonChild implements AsyncDisposable {
  readonly #child
  readonly #answers: AsyncIterator<string>
  readonly #name: string
  #complaint = ""

  constructor(words: readonly string[], env: NodeJS.ProcessEnv = process.env) {
    const [program = "", ...args] = words
    this.#name = words.join(" ")
    this.#child = spawn(program, args, { env, stdio: ["pipe", "pipe", "pipe"] })
    // What it says last tells more than that a pipe is closed.
    this.#child.stdin.on("error", () => undefined)
    this.#child.on("error", (error) => (this.#complaint = error.message))
    this.#child.stderr.on("data", (text) => (this.#complaint = (this.#complaint + String(text)).slice(-4000)))
    this.#answers = createInterface(this.#child.stdout)[Symbol.asyncIterator]()
  }

  async ask(line: string): Promise<unknown> {
    this.#child.stdin.write(`${line}\n`)
    return this.hear()
  }

  /** A line that it says unasked. Throws when it ends instead. */
  async hear(): Promise<unknown> {
    const { done, value } = await this.#answers.next()
    if (done === true) throw new Error(`${this.#name} ended: ${this.#complaint.trim()}`)
    return JSON.parse(value)
  }

  /** Ends its input, and waits for its end. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null || this.#child.pid === undefined) return
    this.#child.stdin.end()
    await once(this.#child, "exit")
  }
}
