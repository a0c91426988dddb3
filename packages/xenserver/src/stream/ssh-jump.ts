import { createHash } from "node:crypto"
import type { Duplex } from "node:stream"
import { Slash64Error, abortError, checkAborted, messageOf, readSecret, untilAborted } from "@slash64/core"
import { Client } from "ssh2"
import type { SshJump as SshJumpConfig } from "../config/xenserver-config.ts"

const readyMs = 15_000

/** SSH connections to the dom0s of a pool, each opened when it is first needed, and again after it broke. */
export class SshJump {
  readonly #config: SshJumpConfig
  readonly #clients = new Map<string, Promise<Client>>()

  constructor(config: SshJumpConfig) {
    this.#config = config
  }

  /**
   * A stream to a TCP port that the dom0 at this address reaches (direct-tcpip, RFC 4254 section 7.2).
   * DEADLINE_EXCEEDED when dom0 is there and the port does not answer it within `openMs`.
   */
  async openTcp(
    dom0: string,
    to: { readonly host: string; readonly port: number },
    openMs: number,
    signal: AbortSignal,
  ): Promise<Duplex> {
    const client = await this.#client(dom0, signal)
    return forward(client, to.host, to.port, AbortSignal.any([signal, AbortSignal.timeout(openMs)]))
  }

  async close(): Promise<void> {
    const clients = await Promise.allSettled(this.#clients.values())
    this.#clients.clear()
    for (const one of clients) if (one.status === "fulfilled") one.value.end()
  }

  #client(dom0: string, signal: AbortSignal): Promise<Client> {
    const found = this.#clients.get(dom0)
    if (found !== undefined) return untilAborted(found, signal)
    const forget = (): void => {
      if (this.#clients.get(dom0) === opening) this.#clients.delete(dom0)
    }
    const opening = connect(this.#config, dom0, forget)
    this.#clients.set(dom0, opening)
    opening.catch(forget)
    return untilAborted(opening, signal)
  }
}

async function connect(config: SshJumpConfig, dom0: string, onClose: () => void): Promise<Client> {
  const { user = "root", port = 22, hostKeys } = config
  const identity = await keyOrAgent(config.privateKey)
  const place = `${user}@${dom0} port ${port}`
  const client = new Client()
  const { promise, resolve, reject } = Promise.withResolvers<Client>()
  let shown = ""
  client.once("ready", () => {
    client.setNoDelay(true)
    resolve(client)
  })
  client.on("error", (error) => {
    onClose()
    reject(shown !== "" && !hostKeys.includes(shown) ? otherHostKey(place, shown) : refused(place, error))
  })
  client.once("close", () => {
    onClose()
    reject(refused(place, new Error("the connection was closed")))
  })
  const settings = {
    host: dom0,
    port,
    username: user,
    ...identity,
    readyTimeout: readyMs,
    keepaliveInterval: 15_000,
    keepaliveCountMax: 4,
    hostVerifier(key: Buffer) {
      shown = `SHA256:${createHash("sha256").update(key).digest("base64").replace(/=+$/, "")}`
      return hostKeys.includes(shown)
    },
  }
  try {
    client.connect(settings)
  } catch (cause) {
    throw unreadableKey(cause)
  }
  return promise
}

async function forward(client: Client, host: string, port: number, signal: AbortSignal): Promise<Duplex> {
  checkAborted(signal)
  const { promise, resolve, reject } = Promise.withResolvers<Duplex>()
  const abort = (): void => reject(abortError(signal))
  signal.addEventListener("abort", abort, { once: true })
  client.forwardOut("127.0.0.1", 0, host, port, (error, channel) => {
    if (error !== undefined) reject(closedWay(host, port, error))
    else if (signal.aborted) channel.destroy()
    else resolve(channel)
  })
  try {
    return await promise
  } finally {
    signal.removeEventListener("abort", abort)
  }
}

async function keyOrAgent(privateKey: string | undefined): Promise<{ privateKey: string } | { agent: string }> {
  if (privateKey !== undefined) return { privateKey: await readSecret("ssh.privateKey", privateKey) }
  const agent = process.env["SSH_AUTH_SOCK"]
  if (agent !== undefined && agent !== "") return { agent }
  throw new Slash64Error("INVALID_ARGUMENT", "ssh.privateKey: none is given and no SSH agent runs", {
    field: "ssh.privateKey",
    hint: "Give it as file:/PATH or env:NAME, or start an agent (SSH_AUTH_SOCK).",
  })
}

function unreadableKey(cause: unknown): Slash64Error {
  return new Slash64Error("INVALID_ARGUMENT", `ssh.privateKey: ${messageOf(cause)}`, {
    field: "ssh.privateKey",
    hint: "Give a reference to a private key of OpenSSH without a passphrase.",
    cause,
  })
}

function otherHostKey(place: string, shown: string): Slash64Error {
  return new Slash64Error("UNAUTHENTICATED", `${place} shows the host key ${shown}, which is not pinned`, {
    field: "ssh.hostKeys",
    value: shown,
    hint: "Compare it on the host; when it is right, add it to ssh.hostKeys in the host's configuration.",
  })
}

function refused(place: string, cause: Error): Slash64Error {
  if ("level" in cause && cause.level === "client-authentication") {
    return new Slash64Error("UNAUTHENTICATED", `${place} does not accept our key`, {
      field: "ssh.privateKey",
      hint: "Add the public key to the user's authorized_keys on each host of the pool.",
      cause,
    })
  }
  return new Slash64Error("UNAVAILABLE", `${place} cannot be reached over SSH: ${cause.message}`, {
    field: "ssh",
    hint: "Check that the host is up and that its sshd listens there.",
    cause,
  })
}

function closedWay(host: string, port: number, cause: Error): Slash64Error {
  return new Slash64Error("UNAVAILABLE", `dom0 does not open ${host} port ${port}: ${cause.message}`, {
    hint: "See that it is there, and that dom0's sshd_config allows forwarding (AllowTcpForwarding).",
    cause,
  })
}
