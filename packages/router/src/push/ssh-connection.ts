import type { Duplex } from "node:stream"
import { pipeline } from "node:stream/promises"
import ssh2, { type Client, type ClientChannel } from "ssh2"
import type { SshKey } from "../keys/key-store.ts"
import { hostKeyMismatch, translateSshError } from "./translate-ssh-error.ts"

/** What a command on the router gave. */
export interface CommandResult {
  /** Undefined when a signal ended it, or the connection did. */
  readonly exitCode: number | undefined
  readonly stdout: string
  readonly stderr: string
}

/** One authenticated SSH connection, held open; commands run on it side by side. */
export interface SshConnection {
  /**
   * Runs a command with `input` as its standard input. Once it may have started, a lost connection is UNAVAILABLE
   * with `outcome: "unknown"`. An aborted signal ends the command and rejects.
   */
  run(command: string, input: AsyncIterable<Uint8Array> | undefined, signal: AbortSignal): Promise<CommandResult>
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

const outputLimit = 64 * 1024 * 1024
const unansweredKeepalives = 3

/** Speaks SSH over a byte stream. The stream is destroyed with the connection, and when none comes about. */
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
  return heldConnection(client, stream, target)
}

/** How long a goodbye may take to leave. */
const partingMs = 500

function heldConnection(client: Client, stream: Duplex, target: SshTarget): SshConnection {
  let lost: Error | undefined
  client.on("error", (error) => (lost ??= error))
  client.once("close", () => (lost ??= new Error("the connection was closed")))
  return {
    async run(command, input, signal) {
      signal.throwIfAborted()
      const running = await start(client, command, signal).catch((error: unknown) => {
        throw signal.aborted ? signal.reason : translateSshError(lost ?? error, target)
      })
      const result = await finish(running, input, signal)
      // No exit code and no connection: the command may have done its work.
      if (result.exitCode === undefined && lost) throw translateSshError(lost, target, { outcome: "unknown" })
      return result
    },
    close() {
      client.end()
      // A router that is gone acknowledges nothing, and the stream would keep this process from ending for minutes.
      setTimeout(() => stream.destroy(), partingMs).unref()
    },
  }
}

interface RunningCommand {
  readonly channel: ClientChannel
  readonly stdout: () => string
  readonly stderr: () => string
  /** Resolves with the exit code when the channel is closed and its output read. */
  readonly closed: Promise<number | undefined>
}

function start(client: Client, command: string, signal: AbortSignal): Promise<RunningCommand> {
  return new Promise((resolve, reject) => {
    const onClose = () => reject(new Error("the connection was closed"))
    const onAbort = () => reject(signal.reason)
    client.once("close", onClose)
    signal.addEventListener("abort", onAbort, { once: true })
    client.exec(command, (error, channel) => {
      client.off("close", onClose)
      signal.removeEventListener("abort", onAbort)
      if (error) reject(error)
      else if (signal.aborted) channel.close()
      // Here and not after an await: the exit code of a quick command comes with the same packet and is not kept.
      else resolve(listen(channel))
    })
  })
}

function listen(channel: ClientChannel): RunningCommand {
  const closed = new Promise<number | undefined>((resolve) => {
    let exitCode: number | undefined
    channel.on("exit", (code: number | null) => (exitCode = code ?? undefined))
    channel.once("close", () => resolve(exitCode))
  })
  return { channel, closed, stdout: collectText(channel), stderr: collectText(channel.stderr) }
}

async function finish(
  { channel, closed, stdout, stderr }: RunningCommand,
  input: AsyncIterable<Uint8Array> | undefined,
  signal: AbortSignal,
): Promise<CommandResult> {
  const aborted = Promise.withResolvers<never>()
  const onAbort = () => aborted.reject(signal.reason)
  signal.addEventListener("abort", onAbort, { once: true })
  try {
    // A command may answer before it has read all its input; then the answer counts, not the broken pipe.
    if (input) void pipeline(input, channel, { signal }).catch(() => undefined)
    else channel.end()
    return { exitCode: await Promise.race([closed, aborted.promise]), stdout: stdout(), stderr: stderr() }
  } finally {
    signal.removeEventListener("abort", onAbort)
    channel.close()
  }
}

function collectText(stream: NodeJS.ReadableStream): () => string {
  const chunks: Buffer[] = []
  let size = 0
  stream.on("data", (chunk: Buffer) => {
    size += chunk.length
    if (size <= outputLimit) chunks.push(chunk)
  })
  return () => Buffer.concat(chunks).toString("utf8")
}
