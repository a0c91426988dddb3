import { once } from "node:events"
import { type IncomingMessage, type RequestListener, type ServerResponse, createServer } from "node:http"
import { createServer as createTlsServer } from "node:https"
import type { AddressInfo } from "node:net"
import { text as readText } from "node:stream/consumers"
import { setTimeout as delay } from "node:timers/promises"
import type { Dispatch } from "../calls/dispatch.ts"
import { toXapiError } from "../xapi-error.ts"
import type { Certificate } from "./certificate.ts"
import type { Codec } from "./codec.ts"
import type { Disturb } from "./disturb.ts"
import { readJsonCall } from "./json-rpc.ts"
import { readXmlCall } from "./xml-rpc.ts"

/** What answers requests that are no calls; false: not its path. */
export type Handler = (request: IncomingMessage, response: ServerResponse, url: URL) => Promise<boolean>

export interface HttpServerRequest {
  readonly address: string
  /** 0: any free one. */
  readonly port: number
  readonly dispatch: Dispatch
  readonly handle?: Handler
  readonly disturb?: Disturb
  /** Absent: plain HTTP. */
  readonly certificate?: Certificate
}

export interface HttpServer {
  readonly port: number
  /** Ends every connection. */
  close(): Promise<void>
}

export async function startHttpServer(request: HttpServerRequest): Promise<HttpServer> {
  const listener: RequestListener = (incoming, outgoing) => {
    answer(request, incoming, outgoing).catch((error: unknown) => {
      if (!outgoing.headersSent) outgoing.writeHead(500)
      outgoing.end(error instanceof Error ? error.message : "")
    })
  }
  const { certificate } = request
  const server =
    certificate === undefined
      ? createServer(listener)
      : createTlsServer({ key: certificate.key, cert: certificate.certificate }, listener)
  server.listen(request.port, request.address)
  await once(server, "listening")
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what a listening TCP server has
  const { port } = server.address() as AddressInfo
  return {
    port,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, "close")
    },
  }
}

const readers: Readonly<Record<string, (body: string) => Codec>> = {
  "/jsonrpc": readJsonCall,
  "/": readXmlCall,
  "/RPC2": readXmlCall,
}

async function answer(
  { dispatch, handle, disturb }: HttpServerRequest,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const url = new URL(incoming.url ?? "/", "http://host")
  if (handle !== undefined && (await handle(incoming, outgoing, url))) return
  const read = readers[url.pathname]
  if (incoming.method !== "POST" || read === undefined) return void outgoing.writeHead(404).end()
  const codec = read(await readText(incoming))
  const gone = new AbortController()
  outgoing.once("close", () => gone.abort())
  const disturbance = disturb?.(codec.request.method)
  if (disturbance?.kind === "close-unheard") return void incoming.socket.destroy()
  if (disturbance?.kind === "delay") await delay(disturbance.ms)
  const body = await call(dispatch, codec, gone.signal)
  if (disturbance?.kind === "close-after") return void incoming.socket.destroy()
  outgoing.writeHead(200, { "content-type": codec.contentType, "content-length": Buffer.byteLength(body) }).end(body)
}

async function call(dispatch: Dispatch, codec: Codec, signal: AbortSignal): Promise<string> {
  try {
    return codec.success(await dispatch(codec.request, signal))
  } catch (error) {
    return codec.failure(toXapiError(error))
  }
}
