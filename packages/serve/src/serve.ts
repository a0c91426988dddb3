import type { Server } from "node:http"
import type { HypervisorPlugin, Rooms } from "@slash64/core"
import { registerMetrics } from "@slash64/core/metrics"
import { Registry, collectDefaultMetrics } from "prom-client"
import type { Api } from "./api/route.ts"
import { createApp } from "./http/app.ts"
import type { AnsweredRequest } from "./http/app.ts"
import { countAnswers } from "./http/http-metrics.ts"
import { closeServer, newServer } from "./http/listen.ts"
import { listenOnTcp } from "./http/tcp.ts"
import type { TcpOptions } from "./http/tcp.ts"
import { listenOnSocket } from "./http/unix-socket.ts"
import { keepTrue } from "./loop/keep-true.ts"
import type { Loop } from "./loop/keep-true.ts"
import { Operations } from "./operations/operations.ts"

export interface ServeOptions {
  readonly rooms: Rooms
  /** Those that a host may be added with. */
  readonly plugins: readonly HypervisorPlugin[]
  /** Path of the unix socket; whoever may open it may do everything. */
  readonly socket: string
  /** On TCP too, with TLS and for those who bear the token. */
  readonly tcp?: TcpOptions
  /** How often all hosts and routers are looked at, and mended. 0: never. Default 60 s. */
  readonly everyMs?: number
  /** How long what runs may go on when the server ends. Default 10 s. */
  readonly graceMs?: number
}

export interface Serving {
  readonly socket: string
  /** Where it listens on TCP. */
  readonly tcp?: { readonly address: string; readonly port: number }
  /** Ends it: no new request, then what runs, then what is left of it is cancelled. Repeated: success. */
  close(): Promise<void>
}

/** Serves the API until it is closed. FAILED_PRECONDITION where somebody listens there already. */
export async function serve(options: ServeOptions): Promise<Serving> {
  const { rooms, plugins, graceMs = 10_000, everyMs = 60_000 } = options
  const log = rooms.log
  const ending = new AbortController()
  const operations = new Operations((error, { id, requestId }) =>
    log.error({ operation: id, requestId, error }, "operation failed by a defect"),
  )
  const api: Api = { rooms, plugins, operations }
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const endMetrics = registerMetrics(registry, rooms)
  const count = countAnswers(registry)
  const app = (token?: string) =>
    createApp(api, {
      signal: ending.signal,
      ...(token !== undefined && { token }),
      metrics: async () => ({ type: registry.contentType, text: await registry.metrics() }),
      onAnswer: (answer) => {
        count(answer)
        logAnswer(answer)
      },
    })
  const logAnswer = ({ error, ...answer }: AnsweredRequest): void => {
    if (answer.status >= 500) log.error({ ...answer, error }, "request failed")
    else if (answer.method === "GET" || answer.method === "HEAD") log.debug(answer, "request answered")
    else log.info(answer, "request answered")
  }

  const servers: Server[] = []
  let loop: Loop | undefined
  let closing: Promise<void> | undefined
  const end = async (): Promise<void> => {
    log.info({}, "ending")
    const closed = servers.map((server) => closeServer(server, graceMs + 2_000))
    await Promise.all([loop?.close(), operations.close(graceMs)])
    ending.abort()
    await Promise.all(closed)
    await endMetrics()
    log.info({}, "ended")
  }
  const close = (): Promise<void> => (closing ??= end())

  try {
    const local = newServer(app().fetch)
    await listenOnSocket(local, options.socket)
    servers.push(local)
    const tcp = options.tcp === undefined ? undefined : await listenOnTcp(options.tcp, app(options.tcp.token).fetch)
    if (tcp !== undefined) servers.push(tcp.server)
    const where = tcp === undefined ? {} : { tcp: { address: tcp.address, port: tcp.port } }
    log.info({ socket: options.socket, ...where }, "listening")
    if (everyMs > 0) loop = keepTrue(rooms, { everyMs })
    return { socket: options.socket, ...where, close }
  } catch (error) {
    await close()
    throw error
  }
}
