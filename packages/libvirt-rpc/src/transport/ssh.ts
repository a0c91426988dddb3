import type { Duplex } from "node:stream"
// Node finds no name in this CommonJS package but `Client`, so it is taken whole.
import ssh2, { type Client, type ConnectConfig, type ServerHostKeyAlgorithm } from "ssh2"
import { LibvirtConnectionError } from "../connection-error.ts"
import type { SshAddress } from "../parse-uri.ts"
import { fingerprintOf, parseHostKeyPins } from "./host-key-pins.ts"
import type { Transport } from "./transport.ts"

/** An SSH connection of the caller's, authenticated already; it stays open when the libvirt connection ends. */
export interface SshClientOptions {
  readonly client: Client
}

/** An SSH connection to be made for this libvirt connection alone. One of `privateKey` and `agent` is needed. */
export interface SshLoginOptions {
  /** Pins of the server's host key; see parseHostKeyPins. */
  readonly hostKeys: readonly string[]
  /** In OpenSSH's or PEM's format. */
  readonly privateKey?: string | Buffer
  readonly passphrase?: string
  /** The path of an agent's socket, for example $SSH_AUTH_SOCK. */
  readonly agent?: string
}

export type SshOptions = SshClientOptions | SshLoginOptions

/** libvirt's socket on another machine, through its SSH server (OpenSSH's direct-streamlocal; AllowStreamLocalForwarding). */
export function ssh(address: SshAddress, options: SshOptions): Transport {
  if ("client" in options) return (signal) => openSocket(options.client, address.sockets, signal)
  const config = loginConfig(address, options)
  return async (signal) => {
    const client = await login(config, address, signal)
    try {
      const socket = await openSocket(client, address.sockets, signal)
      socket.once("close", () => client.end())
      client.once("close", () => socket.destroy())
      return socket
    } catch (error) {
      client.destroy()
      throw error
    }
  }
}

interface Login {
  readonly config: ConnectConfig
  /** The key that the server showed and that is none of the pinned ones. */
  readonly refusedKey: () => string | undefined
}

function loginConfig(address: SshAddress, options: SshLoginOptions): () => Login {
  const pins = parseHostKeyPins(options.hostKeys, address.host, address.port)
  const { privateKey, passphrase, agent } = options
  if (privateKey === undefined && agent === undefined) {
    throw new LibvirtConnectionError("INVALID_ARGUMENT", "ssh: give a privateKey, or the socket of an agent")
  }
  const parsed = privateKey === undefined ? undefined : ssh2.utils.parseKey(privateKey, passphrase)
  if (parsed instanceof Error) {
    const text = `ssh.privateKey: ${parsed.message}. Give a key in OpenSSH's or PEM's format, and its passphrase`
    throw new LibvirtConnectionError("INVALID_ARGUMENT", text)
  }
  return () => {
    let refused: string | undefined
    const config: ConnectConfig = {
      host: address.host,
      port: address.port,
      username: address.username,
      ...(privateKey === undefined ? {} : { privateKey }),
      ...(passphrase === undefined ? {} : { passphrase }),
      ...(agent === undefined ? {} : { agent }),
      ...(pins.types === undefined ? {} : { algorithms: { serverHostKey: pins.types.flatMap(signaturesOf) } }),
      // The signal ends the attempt, at whatever stage.
      readyTimeout: 0,
      hostVerifier: (key: Buffer) => {
        if (pins.accepts(key)) return true
        refused = fingerprintOf(key)
        return false
      },
    }
    return { config, refusedKey: () => refused }
  }
}

/** A key of type ssh-rsa signs with SHA-2; SHA-1 is not accepted. */
function signaturesOf(type: string): ServerHostKeyAlgorithm[] {
  if (type === "ssh-rsa") return ["rsa-sha2-512", "rsa-sha2-256"]
  const known: readonly ServerHostKeyAlgorithm[] = [
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
  ]
  return known.filter((name) => name === type)
}

async function login(makeConfig: () => Login, address: SshAddress, signal: AbortSignal): Promise<Client> {
  const { config, refusedKey } = makeConfig()
  const client = new ssh2.Client()
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const abort = (): void => reject(signal.reason)
  client.once("ready", resolve)
  client.on("error", reject)
  client.once("close", () => reject(new Error("the SSH server closed the connection")))
  signal.addEventListener("abort", abort, { once: true })
  try {
    client.connect(config)
    await promise
    // 88 ms a call without it: Nagle's algorithm waits for the other side's delayed acknowledgement.
    client.setNoDelay(true)
    return client
  } catch (cause) {
    client.destroy()
    throw signal.aborted ? cause : explain(cause, address, refusedKey())
  } finally {
    signal.removeEventListener("abort", abort)
  }
}

function explain(cause: unknown, address: SshAddress, refusedKey: string | undefined): LibvirtConnectionError {
  const where = `${address.username}@${address.host} port ${address.port}`
  const details = { cause }
  if (refusedKey !== undefined) {
    const text =
      `The SSH server ${where} shows the host key ${refusedKey}, which is none of the pinned ones. ` +
      "Either its key was changed, and the pin must follow, or it is another machine"
    return new LibvirtConnectionError("AUTHENTICATION", text, details)
  }
  const level = typeof cause === "object" && cause !== null && "level" in cause ? cause.level : undefined
  const reason = cause instanceof Error ? cause.message : String(cause)
  if (level === "client-authentication") {
    return new LibvirtConnectionError("AUTHENTICATION", `The SSH server ${where} refuses this key: ${reason}`, details)
  }
  return new LibvirtConnectionError("UNREACHABLE", `No SSH connection to ${where}: ${reason}`, details)
}

/** The first of `sockets` that the server can open. */
async function openSocket(client: Client, sockets: readonly string[], signal: AbortSignal): Promise<Duplex> {
  const failures: Error[] = []
  for (const path of sockets) {
    signal.throwIfAborted()
    const opened = await forward(client, path, signal)
    if (!(opened instanceof Error)) return opened
    failures.push(opened)
  }
  const text =
    `The SSH server opens none of ${sockets.join(", ")}: ${failures.map((failure) => failure.message).join("; ")}. ` +
    "Is libvirtd running there, may this user open its socket, and does sshd allow it (AllowStreamLocalForwarding)?"
  throw new LibvirtConnectionError("UNREACHABLE", text, { cause: failures[0] })
}

function forward(client: Client, path: string, signal: AbortSignal): Promise<Duplex | Error> {
  const { promise, resolve, reject } = Promise.withResolvers<Duplex | Error>()
  const abort = (): void => reject(signal.reason)
  signal.addEventListener("abort", abort, { once: true })
  client.openssh_forwardOutStreamLocal(path, (error, channel) => {
    if (signal.aborted) channel?.destroy()
    resolve(error ?? channel)
  })
  return promise.finally(() => signal.removeEventListener("abort", abort))
}
