import { once } from "node:events"
import { type IncomingMessage, type RequestListener, type ServerResponse, createServer } from "node:http"
import { createServer as createTlsServer } from "node:https"
import type { AddressInfo, Socket } from "node:net"
import { text as readText } from "node:stream/consumers"
import { setTimeout as delay } from "node:timers/promises"
import type { Dispatch } from "../calls/dispatch.ts"
import { XapiError, toXapiError } from "../xapi-error.ts"
import type { Certificate } from "./certificate.ts"
import type { Codec } from "./codec.ts"
import type { Disturb, Disturbance } from "./disturb.ts"
import { readJsonCall } from "./json-rpc.ts"
import { readXmlCall } from "./xml-rpc.ts"

/** Finds what a request asks for that is no call; undefined: it is none of these. */
export type FindTransfer = (request: IncomingMessage, url: URL) => Transfer | undefined

export interface Transfer {
  /** For whoever disturbs it. */
  readonly name: string
  /** Answers the request; with `failure` nothing is done. */
  run(response: ServerResponse, failure: XapiError | undefined): Promise<void>
}

export interface HttpServerRequest {
  readonly address: string
  /** 0: any free one. */
  readonly port: number
  readonly dispatch: Dispatch
  readonly findTransfer: FindTransfer
  readonly disturb: Disturb
  /** Called for a disturbance of that kind, with the connection of the call. */
  readonly becomeSlave: (caller: Socket) => void
  /** Absent: plain HTTP. */
  readonly certificate?: Certificate
}

export interface HttpServer {
  readonly port: number
  /** Ends every connection but this one, whatever waits for an answer. */
  drop(but?: Socket): void
  /** Ends every connection, and answers no more. */
  close(): Promise<void>
}

export async function startHttpServer(request: HttpServerRequest): Promise<HttpServer> {
  const sockets = new Set<Socket>()
  const listener: RequestListener = (incoming, outgoing) => {
    if (!sockets.has(incoming.socket)) incoming.socket.once("close", () => sockets.delete(incoming.socket))
    sockets.add(incoming.socket)
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
    drop(but) {
      for (const socket of sockets) if (socket !== but) socket.destroy()
    },
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

async function answer(request: HttpServerRequest, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const url = new URL(incoming.url ?? "/", "http://host")
  const transfer = request.findTransfer(incoming, url)
  if (transfer !== undefined) {
    const disturbance = await disturbed(request, transfer.name, incoming.socket)
    if (disturbance === "closed") return
    await transfer.run(outgoing, failureOf(disturbance))
    return void (disturbance?.kind === "close-after" ? incoming.socket.destroy() : outgoing.end())
  }
  const read = readers[url.pathname]
  if (incoming.method !== "POST" || read === undefined) return void outgoing.writeHead(404).end()
  const codec = read(await readText(incoming))
  const gone = new AbortController()
  outgoing.once("close", () => gone.abort())
  const disturbance = await disturbed(request, codec.request.method, incoming.socket)
  if (disturbance === "closed") return
  const body = await call(request.dispatch, codec, failureOf(disturbance), gone.signal)
  if (disturbance?.kind === "close-after") return void incoming.socket.destroy()
  outgoing.writeHead(200, { "content-type": codec.contentType, "content-length": Buffer.byteLength(body) }).end(body)
}

/** What has to happen before anything is done has happened. */
async function disturbed(
  { disturb, becomeSlave }: HttpServerRequest,
  name: string,
  caller: Socket,
): Promise<Disturbance | "closed" | undefined> {
  const disturbance = disturb(name)
  if (disturbance?.kind === "close-unheard") {
    caller.destroy()
    return "closed"
  }
  if (disturbance?.kind === "delay") await delay(disturbance.ms)
  if (disturbance?.kind === "become-slave") becomeSlave(caller)
  return disturbance
}

function failureOf(disturbance: Disturbance | undefined): XapiError | undefined {
  return disturbance?.kind === "fail" ? new XapiError(...disturbance.error) : undefined
}

async function call(
  dispatch: Dispatch,
  codec: Codec,
  failure: XapiError | undefined,
  signal: AbortSignal,
): Promise<string> {
  try {
    return codec.success(await dispatch(codec.request, signal, failure))
  } catch (error) {
    return codec.failure(toXapiError(error))
  }
}
