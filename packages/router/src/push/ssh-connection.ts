import type { Duplex } from "node:stream"
import ssh2, { type Client, type ClientChannel } from "ssh2"
import type { SshKey } from "../keys/key-store.ts"
import { RouterProgram, serveCommand } from "./router-program.ts"
import { hostKeyMismatch, translateSshError } from "./translate-ssh-error.ts"

/** One authenticated SSH connection with `slash64-router serve` on it, both held open. */
export interface SshConnection {
  readonly program: RouterProgram
  /** Why it ended; undefined while it has not. */
  readonly lost: () => Error | undefined
  close(): void
}

export interface SshTarget {
  readonly routerId: string
  /** `ssh-ed25519 AAAA...`: any other host key is refused. */
  readonly hostKey: string
  readonly key: SshKey
  /** Milliseconds between two questions whether the other side still answers. */
  readonly keepaliveMs: number
}

const unansweredKeepalives = 3

/** Speaks SSH over a byte stream and starts the router's program. The stream is destroyed with the connection, and when none comes about. */
export async function connectSsh(stream: Duplex, target: SshTarget, signal: AbortSignal): Promise<SshConnection> {
  if (signal.aborted) stream.destroy()
  signal.throwIfAborted()
  const client = new ssh2.Client()
  let shown: Buffer | undefined
  const opened = new Promise<void>((resolve, reject) => {
    // Not once: ssh2 emits an error again for each layer, and one nobody listens to ends the process.
    client.on("error", (error) => reject(shown ? hostKeyMismatch(target, shown) : translateSshError(error, target)))
    client.once("ready", resolve)
    client.once("close", () => reject(translateSshError(new Error("the connection was closed"), target)))
    signal.addEventListener("abort", () => reject(signal.reason), { once: true })
  })
  client.connect({
    sock: stream,
    username: "root",
    privateKey: target.key.privateKey,
    readyTimeout: 0,
    keepaliveInterval: target.keepaliveMs,
    keepaliveCountMax: unansweredKeepalives,
    hostVerifier: (key: Buffer) => {
      const right = key.toString("base64") === target.hostKey.split(" ")[1]
      if (!right) shown = key
      return right
    },
  })
  // The key in ssh2's configuration does nothing: without this call a command takes 88 ms instead of 2 (ssh2 1.17).
  client.setNoDelay(true)
  try {
    await opened
  } catch (error) {
    client.destroy()
    stream.destroy()
    throw error
  }
  return heldConnection(client, stream, target, signal)
}

/** How long a goodbye may take to leave. */
const partingMs = 500

async function heldConnection(
  client: Client,
  stream: Duplex,
  target: SshTarget,
  signal: AbortSignal,
): Promise<SshConnection> {
  let lost: Error | undefined
  client.on("error", (error) => (lost ??= error))
  client.once("close", () => (lost ??= new Error("the connection was closed")))
  const close = () => {
    client.end()
    // A router that is gone acknowledges nothing, and the stream would keep this process from ending for minutes.
    setTimeout(() => stream.destroy(), partingMs).unref()
  }
  try {
    const program = await RouterProgram.greet(await open(client, signal), target.routerId, signal)
    return { program, lost: () => lost, close }
  } catch (error) {
    close()
    throw lost ?? error
  }
}

function open(client: Client, signal: AbortSignal): Promise<ClientChannel> {
  return new Promise((resolve, reject) => {
    const onClose = () => reject(new Error("the connection was closed"))
    const onAbort = () => reject(signal.reason)
    client.once("close", onClose)
    signal.addEventListener("abort", onAbort, { once: true })
    client.exec(serveCommand, (error, channel) => {
      client.off("close", onClose)
      signal.removeEventListener("abort", onAbort)
      if (error) reject(error)
      else resolve(channel)
    })
  })
}
