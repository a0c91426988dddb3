import { once } from "node:events"
import { type AddressInfo, type Socket, createServer } from "node:net"
import { connect as connectTls } from "node:tls"
import { Slash64Error } from "@slash64/core"

/** A door on this machine's loopback behind which a host's TLS begins, for a client that cannot pin a certificate. */
export interface Relay {
  readonly url: string
  /** Why the last connection came to nothing. */
  problem(): Slash64Error | undefined
  close(): Promise<void>
}

/** `pins` are the only certificates that are let in. */
export async function startRelay(host: string, port: number, pins: readonly string[]): Promise<Relay> {
  const sockets = new Set<Socket>()
  let problem: Slash64Error | undefined
  const server = createServer((near) => {
    // The pin is what is checked: a host's certificate signs itself, and names it as it was named when installed.
    const far = connectTls({ host, port, rejectUnauthorized: false })
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.once("close", () => {
        sockets.delete(socket)
        near.destroy()
        far.destroy()
      })
    }
    near.on("error", () => undefined)
    far.on("error", (cause) => (problem = unreachable(host, port, cause)))
    far.once("secureConnect", () => {
      const fingerprint = `sha256:${far.getPeerCertificate().fingerprint256.replaceAll(":", "").toLowerCase()}`
      if (!pins.includes(fingerprint)) {
        problem = otherCertificate(host, fingerprint)
        far.destroy()
        return
      }
      problem = undefined
      near.pipe(far).pipe(near)
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
      server.close()
      for (const socket of sockets) socket.destroy()
      await once(server, "close")
    },
  }
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
