import type { Duplex } from "node:stream"
import { Slash64Error, abortError, isSlash64Error } from "@slash64/core"
import { parseHostKeyPins } from "@slash64/libvirt-rpc"
import { Client, type ClientChannel, type ServerHostKeyAlgorithm } from "ssh2"
import type { SshTarget } from "../config/libvirt-uri.ts"
import { untilAborted } from "../errors/until-aborted.ts"

export interface SshLinkOptions extends SshTarget {
  /** The host's public key: the only one that is accepted (libvirt-rpc's parseHostKeyPins). */
  readonly hostKey: string
  /** Absent: the agent of SSH_AUTH_SOCK. */
  readonly privateKey?: string
}

/**
 * One SSH connection to the host, which carries libvirt, programs and the routers' streams. It is opened when first
 * needed, and again after it broke.
 */
export class SshLink {
  readonly #options: SshLinkOptions
  #client: Promise<Client> | undefined

  constructor(options: SshLinkOptions) {
    this.#options = options
  }

  /** The open connection. */
  client(signal: AbortSignal): Promise<Client> {
    return untilAborted(signal, (this.#client ??= this.#connect()))
  }

  /** A stream to a TCP port that the host can reach. */
  async openTcp(host: string, port: number, signal: AbortSignal): Promise<Duplex> {
    const client = await this.client(signal)
    return openChannel(signal, `${host} port ${port}`, (done) => client.forwardOut("127.0.0.1", 0, host, port, done))
  }

  async exec(command: string, signal: AbortSignal): Promise<ClientChannel> {
    const client = await this.client(signal)
    return openChannel(signal, "a program", (done) => client.exec(command, done))
  }

  async close(): Promise<void> {
    const opened = this.#client
    this.#client = undefined
    const client = await opened?.catch(() => undefined)
    client?.end()
  }

  #connect(): Promise<Client> {
    const forget = (): void => {
      if (this.#client === opening) this.#client = undefined
    }
    const opening = connect(this.#options, forget)
    opening.catch(forget)
    return opening
  }
}

function connect(options: SshLinkOptions, onClose: () => void): Promise<Client> {
  const pins = parseHostKeyPins([options.hostKey], options.host, options.port)
  const place = `${options.user}@${options.host} port ${options.port}`
  return new Promise((resolve, reject) => {
    const client = new Client()
    let shownKeyWasWrong = false
    client.on("ready", () => {
      client.setNoDelay(true)
      resolve(client)
    })
    client.on("error", (error) => {
      onClose()
      reject(shownKeyWasWrong ? wrongHostKey(place) : refused(place, error))
    })
    client.on("close", () => {
      onClose()
      reject(refused(place, new Error("the connection was closed")))
    })
    client.connect({
      host: options.host,
      port: options.port,
      username: options.user,
      ...keyOrAgent(options.privateKey),
      readyTimeout: 20_000,
      keepaliveInterval: 15_000,
      keepaliveCountMax: 4,
      ...(pins.types !== undefined && { algorithms: { serverHostKey: pins.types.flatMap(hostKeyAlgorithms) } }),
      hostVerifier: (shown: Buffer) => {
        shownKeyWasWrong = !pins.accepts(shown)
        return !shownKeyWasWrong
      },
    })
  })
}

/** The pinned key's type alone, so that a server with several keys shows the one that we know. */
function hostKeyAlgorithms(keyType: string): ServerHostKeyAlgorithm[] {
  const all: readonly ServerHostKeyAlgorithm[] = [
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "rsa-sha2-512",
    "rsa-sha2-256",
  ]
  return all.filter((algorithm) => (keyType === "ssh-rsa" ? algorithm.startsWith("rsa-") : algorithm === keyType))
}

function openChannel<Channel>(
  signal: AbortSignal,
  what: string,
  open: (done: (error: Error | undefined, channel: Channel) => void) => void,
): Promise<Channel> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(abortError(signal))
    const abort = (): void => reject(abortError(signal))
    signal.addEventListener("abort", abort, { once: true })
    try {
      open((error, channel) => {
        signal.removeEventListener("abort", abort)
        if (error === undefined) resolve(channel)
        else reject(unreachable(what, error))
      })
    } catch (error) {
      reject(unreachable(what, error))
    }
  })
}

function keyOrAgent(privateKey: string | undefined): { privateKey: string } | { agent: string } {
  if (privateKey !== undefined) return { privateKey }
  const agent = process.env["SSH_AUTH_SOCK"]
  if (agent !== undefined && agent !== "") return { agent }
  throw new Slash64Error("INVALID_ARGUMENT", "privateKey: none is given and no SSH agent runs", {
    field: "privateKey",
    hint: "Give privateKey as file:/PATH or env:NAME, or start an agent (SSH_AUTH_SOCK).",
  })
}

function wrongHostKey(place: string): Slash64Error {
  return new Slash64Error("UNAUTHENTICATED", `${place} shows another host key than the one of the configuration`, {
    field: "hostKey",
    hint: "If the host was reinstalled, put its new key into hostKey; else somebody is in between.",
  })
}

function refused(place: string, cause: Error): Slash64Error {
  if (isSlash64Error(cause)) return cause
  if ("level" in cause && cause.level === "client-authentication") {
    return new Slash64Error("UNAUTHENTICATED", `${place} does not accept our key`, {
      field: "privateKey",
      hint: "Add the public key to the user's authorized_keys on the host.",
      cause,
    })
  }
  return new Slash64Error("UNAVAILABLE", `${place} cannot be reached over SSH: ${cause.message}`, {
    field: "uri",
    hint: "Check that the host is up and that its sshd listens there.",
    cause,
  })
}

function unreachable(what: string, cause: unknown): Slash64Error {
  if (isSlash64Error(cause)) return cause
  const words = cause instanceof Error ? cause.message : String(cause)
  return new Slash64Error("UNAVAILABLE", `the host's sshd does not open ${what}: ${words}`, {
    hint: "See that it is there, and that sshd_config allows forwarding (AllowTcpForwarding, AllowStreamLocalForwarding).",
    cause,
  })
}
