import { lstatSync, unlinkSync } from "node:fs"
import { once } from "node:events"
import type { Server } from "node:http"
import { connect } from "node:net"
import { Slash64Error } from "@slash64/core"

/** sun_path has 108 bytes (unix(7)), the last of them 0. */
const pathMostBytes = 107

/**
 * Listens on a unix socket that its owner alone may open (0600). What a server that died left there is removed; where
 * one answers, or something else lies there: FAILED_PRECONDITION or ALREADY_EXISTS.
 */
export async function listenOnSocket(server: Server, path: string): Promise<void> {
  if (Buffer.byteLength(path) > pathMostBytes)
    throw refused("INVALID_ARGUMENT", path, `has more than ${pathMostBytes} bytes`, "name a shorter one with --socket")
  await removeLeftOver(path)
  // The socket is bound within listen(), so there is no moment in which others may open it.
  const mask = process.umask(0o177)
  try {
    server.listen({ path })
  } finally {
    process.umask(mask)
  }
  try {
    await once(server, "listening")
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error)
    throw refused("PERMISSION_DENIED", path, problem, "name another one with --socket, or make its directory writable")
  }
}

async function removeLeftOver(path: string): Promise<void> {
  const there = lstatSync(path, { throwIfNoEntry: false })
  if (there === undefined) return
  const hint = "name another one with --socket"
  if (!there.isSocket()) throw refused("ALREADY_EXISTS", path, "is there and is no socket", hint)
  if (await answers(path)) throw refused("FAILED_PRECONDITION", path, "another program listens on it", hint)
  unlinkSync(path)
}

async function answers(path: string): Promise<boolean> {
  const socket = connect(path)
  try {
    await once(socket, "connect")
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

function refused(code: Slash64Error["code"], path: string, problem: string, hint: string): Slash64Error {
  return new Slash64Error(code, `socket ${path}: ${problem}`, { field: "socket", value: path, hint })
}
