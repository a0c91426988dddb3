import { newCall, parseShape } from "@slash64/core"
import type { Call } from "@slash64/core"
import { Hono } from "hono"
import type { Context } from "hono"
import type { ContentfulStatusCode } from "hono/utils/http-status"
import type { Api, Route, RouteRequest } from "../api/route.ts"
import { routes } from "../api/routes.ts"
import { openApiDocument } from "../openapi/document.ts"
import { pages } from "../page/pages.ts"
import { toProblem } from "../problem.ts"
import { addPages, sendProblemPage } from "./add-pages.ts"
import { isAuthorized, isReader } from "./authorize.ts"
import type { Env } from "./env.ts"
import { refuseOtherSites } from "./other-sites.ts"
import { sendEvents } from "./operation-events.ts"
import { readBody } from "./read-body.ts"
import { isPagePath } from "./page-paths.ts"
import { readPreferWait } from "./prefer-wait.ts"
import { readQuery } from "./read-query.ts"
import { RequestError } from "./request-error.ts"
import { requestIdOf } from "./request-id.ts"

/** How long an answer may take that is given at once. */
const patienceMs = 30_000

export interface AppOptions {
  /** What a client has to bear; undefined: the socket's own rights are enough. */
  readonly token?: string
  /** The metrics as text, with their content type. */
  metrics(): Promise<{ readonly type: string; readonly text: string }>
  /** Told of each answer that is ready. */
  onAnswer?(answer: AnsweredRequest): void
  /** Aborted when the server ends. */
  readonly signal: AbortSignal
}

export interface AnsweredRequest {
  readonly method: string
  /** The route's path, or the one that was asked where there is no such route. */
  readonly path: string
  readonly route: string
  readonly status: number
  readonly requestId: string
  readonly durationMs: number
  /** What went wrong within: for the log. */
  readonly error?: unknown
}

/** The API as a function of requests; {@link listen} puts it on a socket. */
export function createApp(api: Api, options: AppOptions): Hono<Env> {
  const app = new Hono<Env>()
  app.use(async (c, next) => {
    const start = performance.now()
    c.set("requestId", requestIdOf(c.req.header("x-request-id")))
    c.set("route", "none")
    await next()
    c.header("x-request-id", c.get("requestId"))
    c.header("cache-control", "no-store")
    c.header("x-content-type-options", "nosniff")
    options.onAnswer?.({
      method: c.req.method,
      path: c.req.path,
      route: c.get("route"),
      status: c.res.status,
      requestId: c.get("requestId"),
      durationMs: Math.round(performance.now() - start),
      ...(c.get("error") !== undefined && { error: c.get("error") }),
    })
  })
  app.use(async (c, next) => {
    refuseOtherSites(c.req.method, c.req.path, c.req.raw.headers)
    if (options.token !== undefined) checkToken(c, options.token)
    await next()
  })

  const document = openApiDocument(routes)
  app.get("/openapi.json", (c) => c.json(document))
  app.get("/healthz", async (c) => {
    await api.rooms.store.describe()
    return c.json({ status: "ok" })
  })
  app.get("/metrics", async (c) => {
    const { type, text } = await options.metrics()
    return c.body(text, 200, { "content-type": type })
  })
  app.get("/v1/operations/:operation/events", (c) =>
    sendEvents(c, api.operations, c.req.param("operation"), options.signal),
  )
  for (const route of routes) addRoute(app, route, api, options.signal)
  addPages(app, api.rooms, options.signal)
  for (const path of new Set(routes.map((route) => route.path)))
    refuseOtherMethods(
      app,
      path,
      routes.filter((route) => route.path === path).map(({ method }) => method),
    )
  for (const { path } of pages) refuseOtherMethods(app, path, ["get"])
  app.notFound((c) => fail(c, noSuchPath(c.req.path)))
  app.onError((error, c) => fail(c, error))
  return app
}

function addRoute(app: Hono<Env>, route: Route, api: Api, ending: AbortSignal): void {
  app.on(route.method, honoPath(route.path), async (c) => {
    c.set("route", route.path)
    const requestId = c.get("requestId")
    const signal = AbortSignal.any([c.req.raw.signal, ending])
    const request: RouteRequest = {
      params: c.req.param(),
      query: readQuery(route.query, c.req.queries()),
      body: route.body === undefined ? {} : await checkedBody(route.body, c),
      call: newCall({ requestId, signal, timeoutMs: patienceMs }),
    }
    await route.check?.(request, api)
    if (route.long !== true) return c.json(await route.handle(request, api))
    return runLong(c, route, request, api, signal)
  })
}

async function runLong(
  c: Context<Env>,
  route: Route,
  request: RouteRequest,
  api: Api,
  signal: AbortSignal,
): Promise<Response> {
  const waitMs = readPreferWait(c.req.header("prefer"))
  const { operations } = api
  const operation = operations.start({
    key: JSON.stringify([route.method, c.req.path, request.query, request.body]),
    kind: route.operationId,
    target: c.req.path,
    requestId: c.get("requestId"),
    run: (call: Call) => route.handle({ ...request, call }, api),
  })
  const now =
    waitMs === undefined
      ? operation
      : await operations.wait(operation.id, AbortSignal.any([signal, AbortSignal.timeout(waitMs)]))
  if (waitMs !== undefined) c.header("preference-applied", `wait=${waitMs / 1000}`)
  c.header("location", `/v1/operations/${now.id}`)
  return c.json(now, now.state === "running" ? 202 : 200)
}

async function checkedBody(shape: NonNullable<Route["body"]>, c: Context): Promise<RouteRequest["body"]> {
  const body = await readBody(c.req.raw)
  parseShape("", shape, body)
  return body
}

function refuseOtherMethods(app: Hono<Env>, path: string, methods: readonly Route["method"][]): void {
  const allow = [...(methods.includes("get") ? ["HEAD"] : []), ...methods.map((method) => method.toUpperCase())]
  app.all(honoPath(path), (c) => {
    c.set("route", path)
    throw new RequestError(405, "UNIMPLEMENTED", `${c.req.method} is not for ${path}`, {
      hint: `Use ${allow.join(", ")}.`,
      headers: { allow: allow.join(", ") },
    })
  })
}

function fail(c: Context<Env>, error: unknown): Response | Promise<Response> {
  const given = error instanceof RequestError ? error : undefined
  const problem = toProblem(error, c.get("requestId"), given?.status)
  if (problem.status >= 500) c.set("error", error)
  for (const [name, value] of Object.entries(given?.headers ?? {})) c.header(name, value)
  if (isPagePath(c.req.path)) return sendProblemPage(c, problem)
  c.header("content-type", "application/problem+json")
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- each of our statuses has a body
  return c.body(JSON.stringify(problem), problem.status as ContentfulStatusCode)
}

function honoPath(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ":$1")
}

/** A browser knows no bearer; what it can do with a name and a password is to look. */
function checkToken(c: Context<Env>, token: string): void {
  const header = c.req.header("authorization")
  const isPage = isPagePath(c.req.path)
  if (isAuthorized(header, token) || (isPage && isReader(header, token))) return
  const [hint, scheme] = isPage
    ? ["Give the token that the server was started with as the password, and any name.", "Basic"]
    : ["Send authorization: Bearer TOKEN, with the token that the server was started with.", "Bearer"]
  throw new RequestError(401, "UNAUTHENTICATED", "the token is missing or wrong", {
    hint,
    headers: { "www-authenticate": `${scheme} realm="slash64"` },
  })
}

function noSuchPath(path: string): RequestError {
  return new RequestError(404, "NOT_FOUND", `${JSON.stringify(path.slice(0, 200))} is no path of this API`, {
    hint: "The paths are in /openapi.json.",
  })
}
