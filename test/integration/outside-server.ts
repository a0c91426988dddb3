import { spawn } from "node:child_process"
import type { ChildProcess } from "node:child_process"
import { once } from "node:events"
import { createInterface } from "node:readline"
import { z } from "zod"

const line = z.object({ kind: z.string(), requestId: z.string() })

export interface Reply {
  readonly status: number
  readonly requestId: string | null
  readonly body: unknown
}

/** The README's server as a process, and the events that it prints. */
export class OutsideServer {
  readonly #child: ChildProcess
  readonly #port: number
  readonly #events: z.output<typeof line>[] = []

  private constructor(child: ChildProcess, port: number) {
    this.#child = child
    this.#port = port
  }

  static async start(program: string, cwd: string, env: NodeJS.ProcessEnv): Promise<OutsideServer> {
    const child = spawn("node", [program], { cwd, env: { ...env, PORT: "0" }, stdio: ["ignore", "pipe", "inherit"] })
    const lines = createInterface({ input: child.stdout })
    // One that ends at once prints nothing, and a line never comes.
    const [first] = await Promise.race([once(lines, "line"), once(child, "exit")])
    const { port } = z.object({ port: z.number() }).parse(JSON.parse(String(first)))
    const server = new OutsideServer(child, port)
    lines.on("line", (text) => server.#events.push(line.parse(JSON.parse(text))))
    return server
  }

  async send(method: string, path: string, body: unknown): Promise<Reply> {
    const url = `http://127.0.0.1:${this.#port}${path}`
    const response = await fetch(url, { method, body: JSON.stringify(body) })
    const text = await response.text()
    return {
      status: response.status,
      requestId: response.headers.get("x-request-id"),
      body: text === "" ? undefined : JSON.parse(text),
    }
  }

  /** The kinds of event that a request led to, once its road's last one is there. */
  async eventsOf(requestId: string | null): Promise<readonly string[]> {
    const own = (): readonly string[] =>
      this.#events.filter((one) => one.requestId === requestId).map((one) => one.kind)
    while (!/^road-(ended|failed)$/.test(own().at(-1) ?? "")) await new Promise((resolve) => setTimeout(resolve, 10))
    return own()
  }

  stop(): void {
    this.#child.kill()
  }
}
