import { createServer as createHttpServer } from "node:http"
import type { Server, ServerOptions } from "node:http"
import { createServer as createTlsServer } from "node:https"
import { once } from "node:events"
import { getRequestListener } from "@hono/node-server"
import { boundConnections } from "./bound-connections.ts"

/** Bounds for clients that are slow or half gone: without them each would hold a connection for ever. */
const bounds = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  keepAliveTimeout: 5_000,
  connectionsCheckingInterval: 1_000,
  maxHeaderSize: 16 * 1024,
  keepAlive: true,
} satisfies ServerOptions
/** A connection on which nothing moves. More than an answer may wait. */
const idleMs = 120_000
const connectionsMost = 512

/** What {@link createApp} gives, as a server needs it. */
export type Fetch = (request: Request) => Response | Promise<Response>

/** An HTTP server that does not listen yet; with `tls`, over TLS 1.2 or later. */
export function newServer(fetch: Fetch, tls?: { readonly cert: string; readonly key: string }): Server {
  const listener = getRequestListener(fetch, { overrideGlobalObjects: false })
  const handle: Parameters<typeof createHttpServer>[1] = (incoming, outgoing) => void listener(incoming, outgoing)
  const server =
    tls === undefined
      ? createHttpServer(bounds, handle)
      : createTlsServer({ ...bounds, ...tls, minVersion: "TLSv1.2", handshakeTimeout: 10_000 }, handle)
  boundConnections(server, connectionsMost)
  server.setTimeout(idleMs)
  return server
}

/** No more connections; those that are there end with their answers, and after `graceMs` in any case. */
export async function closeServer(server: Server, graceMs: number): Promise<void> {
  if (!server.listening) return
  const closed = once(server, "close")
  server.close()
  server.closeIdleConnections()
  const timer = setTimeout(() => server.closeAllConnections(), graceMs)
  await closed
  clearTimeout(timer)
}
