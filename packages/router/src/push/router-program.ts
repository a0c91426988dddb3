import { once } from "node:events"
import { pipeline } from "node:stream/promises"
import { Slash64Error, quote } from "@slash64/core"
import type { ClientChannel } from "ssh2"
import { raceSignal } from "./race-signal.ts"

/** What is asked of `slash64-router serve`: a line, and for an apply so many bytes after it. */
export interface ProgramRequest {
  readonly line: string
  readonly body?: Uint8Array
}

/** What a request was answered with. */
export interface ProgramAnswer {
  readonly exitCode: number
  readonly text: string
}

/** The protocol that this driver speaks (docs/router-protocol.md). */
const protocol = 2
export const serveCommand = `slash64-router serve ${protocol}`

const outputLimit = 64 * 1024 * 1024
/** How an answer ends: a full stop and the code. */
const answerEnd = /(?:^|\n)\. (\d{1,3})\n$/

/**
 * One running `slash64-router serve`, which answers one request after the other. A request that is given up leaves
 * it out of step: close it.
 */
export class RouterProgram {
  private readonly channel: ClientChannel
  private chunks: Buffer[] = []
  private size = 0
  private words = ""
  private ended = false
  private onData: () => void = () => undefined

  private constructor(channel: ClientChannel) {
    this.channel = channel
    channel.on("data", (chunk: Buffer) => {
      this.size += chunk.length
      if (this.size <= outputLimit) this.chunks.push(chunk)
      this.onData()
    })
    channel.stderr.on("data", (chunk: Buffer) => (this.words = (this.words + chunk.toString()).slice(-2000)))
    channel.on("error", () => undefined)
    channel.once("close", () => {
      this.ended = true
      this.onData()
    })
  }

  /** Reads the greeting. FAILED_PRECONDITION for a router whose program speaks another protocol. */
  static async greet(channel: ClientChannel, routerId: string, signal: AbortSignal): Promise<RouterProgram> {
    const program = new RouterProgram(channel)
    const greeting = await program.read((text) => (text.endsWith("\n") ? text : undefined), signal)
    if (greeting === `slash64-router ${protocol}\n`) return program
    channel.close()
    if (greeting === undefined && program.words === "" && program.size === 0) throw new Error("the channel was closed")
    throw new Slash64Error(
      "FAILED_PRECONDITION",
      `router ${routerId} does not speak protocol ${protocol} of this driver`,
      {
        native: { stdout: program.text(), stderr: program.words },
        hint:
          "its template is older or newer than this program: build and register the template of this version, " +
          "then remove the router and start it again; guests keep their addresses and leases",
      },
    )
  }

  get isOpen(): boolean {
    return !this.ended
  }

  /** Undefined where the channel ended before the answer did. */
  async ask({ line, body }: ProgramRequest, signal: AbortSignal): Promise<ProgramAnswer | undefined> {
    if (line.includes("\n")) throw new Slash64Error("INTERNAL", `a request with two lines: ${quote(line)}`)
    signal.throwIfAborted()
    this.chunks = []
    this.size = 0
    const sent = this.send(line, body, signal).catch(() => undefined)
    const answer = await this.read((text) => (answerEnd.test(text) ? text : undefined), signal)
    if (answer === undefined) return undefined
    await sent
    const [end = "", exitCode] = answerEnd.exec(answer) ?? []
    return { exitCode: Number(exitCode), text: answer.slice(0, answer.length - end.replace(/^\n/, "").length) }
  }

  close(): void {
    this.channel.close()
  }

  private async send(line: string, body: Uint8Array | undefined, signal: AbortSignal): Promise<void> {
    if (!this.channel.write(`${line}\n`)) await once(this.channel, "drain", { signal })
    if (body) await pipeline([body], this.channel, { end: false, signal })
  }

  private async read(find: (text: string) => string | undefined, signal: AbortSignal): Promise<string | undefined> {
    const { promise, resolve } = Promise.withResolvers<string | undefined>()
    this.onData = () => {
      const last = this.chunks.at(-1)
      // An answer that is not at its end is not put together again for each piece of it.
      const found = last?.at(-1) === 10 ? find(this.text()) : undefined
      if (found !== undefined || this.ended) resolve(found)
    }
    this.onData()
    return raceSignal(promise, signal)
  }

  private text(): string {
    return Buffer.concat(this.chunks).toString("utf8")
  }
}
