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
  readonly grace: string
}

/** Serves until the user interrupts, which is its right end. */
export async function serveApi(session: Session, options: ServeOptions): Promise<Answer> {
  const graceMs = parseGrace(options.grace) * 1000
  const tcp = await tcpOptions(options)
  const socket = options.socket === undefined ? join(session.paths.folder, "serve.sock") : resolve(options.socket)
  await mkdir(session.paths.folder, { recursive: true, mode: 0o700 })
  await mkdir(dirname(socket), { recursive: true, mode: 0o700 })
  const unlock = await session.world.database(session.paths).lockForServer()
  try {
    const rooms = await session.rooms()
    const plugins = await session.plugins()
    const { signal } = session.call
    const serving = await serve({ rooms, plugins, socket, graceMs, ...(tcp !== undefined && { tcp }) })
    if (!signal.aborted) await once(signal, "abort")
    await serving.close()
    return { json: { ended: true }, text: "ended" }
  } finally {
    unlock()
  }
}

function parseGrace(text: string): number {
  const seconds = /^\d{1,3}$/.test(text) ? Number(text) : 601
  if (seconds <= 600) return seconds
  throw invalid("--grace", text, "is not within 0 to 600", "Give a whole number of seconds.")
}
