import { once } from "node:events"
import { type Socket, connect } from "node:net"
import { createInterface } from "node:readline"
import { isDictionary } from "../model/types.ts"

/** QEMU's monitor of one machine, in JSON. */
export interface Qmp {
  /** Rejects with QEMU's words. */
  execute(command: string, words?: Readonly<Record<string, unknown>>): Promise<unknown>
  /** Resolves at the next event of this name, or when the machine is gone. */
  event(name: string): Promise<void>
  /** Resolves when the machine is gone, or after `close`. */
  readonly ended: Promise<void>
  /** The machine runs on. */
  close(): void
}

/** Rejects when nobody listens on the socket. */
export async function openQmp(path: string): Promise<Qmp> {
  const socket = connect(path)
  await once(socket, "connect")
  const qmp = speak(socket)
  await qmp.execute("qmp_capabilities")
  return qmp
}

interface Pending {
  resolve(value: unknown): void
  reject(error: Error): void
}

function speak(socket: Socket): Qmp {
  const pending = new Map<number, Pending>()
  const waiting = new Map<string, (() => void)[]>()
  let last = 0
  const ended = Promise.withResolvers<void>()
  socket.once("close", () => {
    for (const call of pending.values()) call.reject(new Error("the machine is gone"))
    for (const wakes of waiting.values()) for (const wake of wakes) wake()
    pending.clear()
    ended.resolve()
  })
  // What a broken connection means is told by its end.
  socket.on("error", () => undefined)
  const lines = createInterface({ input: socket })
  lines.on("error", () => undefined)
  lines.on("line", (line) => {
    const said: unknown = JSON.parse(line)
    if (!isDictionary(said)) return
    const name = said["event"]
    if (typeof name === "string") {
      for (const wake of waiting.get(name) ?? []) wake()
      waiting.delete(name)
    }
    const asked = pending.get(Number(said["id"]))
    if (asked === undefined) return
    pending.delete(Number(said["id"]))
    const { error } = said
    if (isDictionary(error)) asked.reject(new Error(String(error["desc"])))
    else asked.resolve(said["return"])
  })
  return {
    ended: ended.promise,
    close: () => socket.destroy(),
    execute(command, words = {}) {
      const id = ++last
      const { promise, resolve, reject } = Promise.withResolvers<unknown>()
      if (socket.destroyed) return Promise.reject(new Error("the machine is gone"))
      pending.set(id, { resolve, reject })
      socket.write(`${JSON.stringify({ execute: command, arguments: words, id })}\n`)
      return promise
    },
    event(name) {
      const { promise, resolve } = Promise.withResolvers<void>()
      waiting.set(name, [...(waiting.get(name) ?? []), resolve])
      if (socket.destroyed) resolve()
      return promise
    },
  }
}
