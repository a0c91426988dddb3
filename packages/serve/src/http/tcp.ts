import { once } from "node:events"
import type { Server } from "node:http"
import { Slash64Error, invalid } from "@slash64/core"
import { newServer } from "./listen.ts"
import type { Fetch } from "./listen.ts"

export interface TcpOptions {
  /** An IP address, or a name of this machine. */
  readonly address: string
  /** 0: any that is free. */
  readonly port: number
  /** PEM. */
  readonly cert: string
  readonly key: string
  /** At least 32 characters. */
  readonly token: string
}

export interface TcpServer {
  readonly server: Server
  readonly address: string
  readonly port: number
}

/** Listens with TLS. INVALID_ARGUMENT for a certificate or token that is none, UNAVAILABLE where it cannot listen. */
export async function listenOnTcp(options: TcpOptions, fetch: Fetch): Promise<TcpServer> {
  const { address, port, cert, key, token } = options
  if (token.length < 32)
    throw invalid("token", "(not shown)", "has less than 32 characters", "make one: openssl rand -hex 32")
  const server = newTlsServer(fetch, { cert, key })
  try {
    server.listen({ host: address, port })
    await once(server, "listening")
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause)
    throw new Slash64Error("UNAVAILABLE", `listen ${address} port ${port}: ${problem}`, {
      field: "listen",
      value: `${address} port ${port}`,
      hint: "Name an address of this machine and a port that nobody has.",
      cause,
    })
  }
  const bound = server.address()
  const there = typeof bound === "object" && bound !== null ? bound : { address, port }
  return { server, address: there.address, port: there.port }
}

function newTlsServer(fetch: Fetch, pem: { readonly cert: string; readonly key: string }): Server {
  try {
    return newServer(fetch, pem)
  } catch (cause) {
    throw new Slash64Error("INVALID_ARGUMENT", "the certificate and the key are no pair in PEM", {
      field: "cert",
      hint: "Give the certificate, with its chain, and its private key without a passphrase.",
      cause,
    })
  }
}
