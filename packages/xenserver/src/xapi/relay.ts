import { once } from "node:events"
import { type AddressInfo, type Socket, createServer } from "node:net"
import { type TLSSocket, connect as connectTls } from "node:tls"
import { Slash64Error } from "@slash64/core"

const connectMs = 5_000
/** A host without power is noticed by this alone. */
const keepAliveMs = 15_000

/** Which certificates are let in: the pinned ones, or those that a CA signed for the host that shows them. */
export type Trust = { readonly pins: readonly string[] } | { readonly ca: string }

/** A door on this machine's loopback behind which a host's TLS begins, for a client that cannot pin a certificate. */
export interface Relay {
  readonly url: string
  /** Why the last connection came to nothing. */
  problem(): Slash64Error | undefined
  close(): Promise<void>
}

export async function startRelay(host: string, port: number, trust: Trust): Promise<Relay> {
  const sockets = new Set<Socket>()
  let problem: Slash64Error | undefined
  const server = createServer((near) => {
    // What is not trusted is let in by the library and shown out by `refusal`, which can say why.
    const ca = "ca" in trust ? { ca: trust.ca } : {}
    const far = connectTls({ host, port, rejectUnauthorized: false, ...ca })
    far.setKeepAlive(true, keepAliveMs)
    const late = setTimeout(() => far.destroy(new Error(`no connection within ${connectMs} ms`)), connectMs)
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.once("close", () => {
        clearTimeout(late)
        sockets.delete(socket)
        near.destroy()
        far.destroy()
      })
    }
    near.on("error", () => undefined)
    far.on("error", (cause) => (problem = unreachable(host, port, cause)))
    far.once("secureConnect", () => {
      clearTimeout(late)
      problem = refusal(far, host, trust)
      if (problem === undefined) near.pipe(far).pipe(near)
      else far.destroy()
    })
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  server.unref()
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what a listening TCP server has
  const { port: own } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${own}`,
    problem: () => problem,
    async close() {
      if (!server.listening) return
      server.close()
      for (const socket of sockets) socket.destroy()
      await once(server, "close")
    },
  }
}

function refusal(far: TLSSocket, host: string, trust: Trust): Slash64Error | undefined {
  if ("ca" in trust) return far.authorized ? undefined : notOfTheCa(host, far.authorizationError)
  const shown = far.getPeerCertificate().fingerprint256
  const fingerprint = `sha256:${shown.replaceAll(":", "").toLowerCase()}`
  return trust.pins.includes(fingerprint) ? undefined : otherCertificate(host, fingerprint)
}

function unreachable(host: string, port: number, cause: Error): Slash64Error {
  return new Slash64Error("UNAVAILABLE", `${host} port ${port} does not answer: ${cause.message}`, {
    hint: "Call again when the host is up.",
    cause,
  })
}

function otherCertificate(host: string, fingerprint: string): Slash64Error {
  return new Slash64Error("UNAUTHENTICATED", `${host} has the certificate ${fingerprint}, which is not pinned`, {
    field: "certificates",
    value: fingerprint,
    hint: "Compare it on the host; when it is right, add it to certificates in the host's configuration.",
  })
}

function notOfTheCa(host: string, problem: unknown): Slash64Error {
  const words = problem instanceof Error ? problem.message : String(problem)
  return new Slash64Error("UNAUTHENTICATED", `${host} has no certificate that the CA signed for it: ${words}`, {
    field: "ca",
    value: host,
    hint: "Give the host a certificate of this CA that names its address, or pin its own one in certificates.",
  })
}
