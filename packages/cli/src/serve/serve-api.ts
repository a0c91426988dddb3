import { once } from "node:events"
import { mkdir } from "node:fs/promises"
import { dirname, join, resolve } from "node:path"
import { invalid } from "@slash64/core"
import { serve } from "@slash64/serve"
import type { Answer } from "../answer.ts"
import type { Session } from "../session.ts"
import { tcpOptions } from "./tcp-options.ts"
import type { ListenOptions } from "./tcp-options.ts"

export interface ServeOptions extends ListenOptions {
  readonly socket?: string | undefined
  readonly every: string
  readonly grace: string
}

/** Serves until the user interrupts, which is its right end. */
export async function serveApi(session: Session, options: ServeOptions): Promise<Answer> {
  const graceMs = parseSeconds("--grace", options.grace, 600) * 1000
  const everyMs = parseSeconds("--every", options.every, 86_400) * 1000
  const tcp = await tcpOptions(options)
  const socket = options.socket === undefined ? join(session.paths.folder, "serve.sock") : resolve(options.socket)
  await mkdir(session.paths.folder, { recursive: true, mode: 0o700 })
  await mkdir(dirname(socket), { recursive: true, mode: 0o700 })
  const unlock = await session.world.database(session.paths).lockForServer()
  try {
    const rooms = await session.rooms()
    const plugins = await session.plugins()
    const { signal } = session.call
    const serving = await serve({ rooms, plugins, socket, everyMs, graceMs, ...(tcp !== undefined && { tcp }) })
    if (!signal.aborted) await once(signal, "abort")
    await serving.close()
    return { json: { ended: true }, text: "ended" }
  } finally {
    unlock()
  }
}

function parseSeconds(field: string, text: string, most: number): number {
  const seconds = /^\d{1,5}$/.test(text) ? Number(text) : most + 1
  if (seconds <= most) return seconds
  throw invalid(field, text, `is not within 0 to ${most}`, "Give a whole number of seconds.")
}
