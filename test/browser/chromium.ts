import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Readable, Writable } from "node:stream"
import { z } from "zod"

/** The DevTools protocol over a pipe: each message is JSON and ends with 0. */
const messageShape = z.looseObject({
  id: z.int().optional(),
  method: z.string().optional(),
  result: z.unknown().optional(),
  error: z.looseObject({ message: z.string() }).optional(),
})
const evaluated = z.looseObject({
  result: z.looseObject({ value: z.unknown().optional() }),
  exceptionDetails: z.unknown().optional(),
})

export interface Tab {
  /** Opens an address, and waits until it is loaded. */
  open(url: string): Promise<void>
  /** What an expression is in the page, as JSON. */
  evaluate(expression: string): Promise<unknown>
  press(key: string): Promise<void>
  /** The whole page as PNG. */
  screenshot(): Promise<Buffer>
  send(method: string, params?: object): Promise<unknown>
}

export interface Chromium {
  readonly tab: Tab
  /** What the browser has complained of: a policy that was broken, say. */
  readonly complaints: readonly string[]
  close(): Promise<void>
}

/** Debian's headless Chromium with one empty tab of 1280 by 900, and nothing of the user's own. */
export async function startChromium(): Promise<Chromium> {
  const folder = mkdtempSync(join(tmpdir(), "slash64-chromium-"))
  const args = [
    "--remote-debugging-pipe",
    `--user-data-dir=${folder}`,
    "--window-size=1280,900",
    "--ignore-certificate-errors",
    "--disable-gpu",
    "--hide-scrollbars",
    // The sandbox needs another user than root; what is opened here is our own page.
    ...(process.getuid?.() === 0 ? ["--no-sandbox"] : []),
  ]
  const child = spawn("chromium-headless-shell", args, { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] })
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- these are pipes, as asked for above
  const [input, output] = [child.stdio[3] as Writable, child.stdio[4] as Readable]
  const wire = new Wire(input, output)
  const ended = once(child, "exit")
  void ended.then(() => wire.end("Chromium has ended"))
  child.once("error", (error) => wire.end(error.message))

  const { targetId } = z
    .looseObject({ targetId: z.string() })
    .parse(await wire.send("Target.createTarget", { url: "about:blank" }))
  const attached = await wire.send("Target.attachToTarget", { targetId, flatten: true })
  const { sessionId } = z.looseObject({ sessionId: z.string() }).parse(attached)
  const send = (method: string, params: object = {}): Promise<unknown> => wire.send(method, params, sessionId)
  await Promise.all(["Page.enable", "Runtime.enable", "Log.enable"].map((method) => send(method)))
  const evaluate = async (expression: string): Promise<unknown> => {
    const { result, exceptionDetails } = evaluated.parse(
      await send("Runtime.evaluate", { expression, returnByValue: true }),
    )
    if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails))
    return result.value
  }
  const tab: Tab = {
    send,
    evaluate,
    async open(url) {
      const loaded = wire.next("Page.loadEventFired")
      await send("Page.navigate", { url })
      await loaded
    },
    async press(key) {
      const code = {
        key,
        code: key,
        windowsVirtualKeyCode: { Tab: 9, Enter: 13 }[key] ?? 0,
        ...(key === "Enter" && { text: "\r" }),
      }
      await send("Input.dispatchKeyEvent", { type: "keyDown", ...code })
      await send("Input.dispatchKeyEvent", { type: "keyUp", ...code })
    },
    async screenshot() {
      const shot = await send("Page.captureScreenshot", { format: "png", captureBeyondViewport: true })
      return Buffer.from(z.looseObject({ data: z.string() }).parse(shot).data, "base64")
    },
  }
  return {
    tab,
    complaints: wire.complaints,
    async close() {
      child.kill()
      await ended
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

class Wire {
  readonly complaints: string[] = []
  readonly #input: Writable
  readonly #answers = new Map<number, PromiseWithResolvers<unknown>>()
  readonly #events = new Map<string, () => void>()
  #serial = 0
  #rest = ""

  constructor(input: Writable, output: Readable) {
    this.#input = input
    output.setEncoding("utf8")
    output.on("data", (text: string) => {
      const parts = `${this.#rest}${text}`.split("\0")
      this.#rest = parts.pop() ?? ""
      for (const part of parts) this.#take(part)
    })
    input.on("error", (error) => this.end(error.message))
  }

  send(method: string, params: object, sessionId?: string): Promise<unknown> {
    this.#serial += 1
    const answer = Promise.withResolvers<unknown>()
    this.#answers.set(this.#serial, answer)
    this.#input.write(
      `${JSON.stringify({ id: this.#serial, method, params, ...(sessionId !== undefined && { sessionId }) })}\0`,
    )
    return answer.promise
  }

  next(method: string): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#events.set(method, resolve)
    return promise
  }

  end(why: string): void {
    for (const answer of this.#answers.values()) answer.reject(new Error(why))
    this.#answers.clear()
  }

  #take(text: string): void {
    const { id, method, result, error } = messageShape.parse(JSON.parse(text))
    if (method === "Log.entryAdded" || method === "Runtime.exceptionThrown") this.complaints.push(text)
    if (method !== undefined) this.#events.get(method)?.()
    const answer = this.#answers.get(id ?? -1)
    if (error === undefined) answer?.resolve(result)
    else answer?.reject(new Error(error.message))
    this.#answers.delete(id ?? -1)
  }
}
