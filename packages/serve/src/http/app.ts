import { newCall, parseShape } from "@slash64/core"
import type { Call } from "@slash64/core"
import { Hono } from "hono"
import type { Context } from "hono"
import type { ContentfulStatusCode } from "hono/utils/http-status"
import type { Api, Route, RouteRequest } from "../api/route.ts"
import { routes } from "../api/routes.ts"
import { openApiDocument } from "../openapi/document.ts"
import { toProblem } from "../problem.ts"
import { isAuthorized } from "./authorize.ts"
import { sendEvents } from "./operation-events.ts"
import { readBody } from "./read-body.ts"
import { readPreferWait } from "./prefer-wait.ts"
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

type Env = { Variables: { requestId: string; route: string; error: unknown } }

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
    if (options.token !== undefined && !isAuthorized(c.req.header("authorization"), options.token)) throw noToken()
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
  for (const path of new Set(routes.map((route) => route.path))) refuseOtherMethods(app, path)
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
      query: readQuery(route, c.req.queries()),
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

/** Each parameter once, and none that the route does not know. */
function readQuery(route: Route, given: Readonly<Record<string, readonly string[]>>): RouteRequest["query"] {
  const twice = Object.entries(given).find(([, values]) => values.length > 1)
  if (twice !== undefined)
    throw new RequestError(400, "INVALID_ARGUMENT", `${twice[0]} is given twice`, { field: twice[0] })
  const query = Object.fromEntries(Object.entries(given).map(([name, [value = ""]]) => [name, value]))
  if (route.query !== undefined) parseShape("", route.query, query)
  else if (Object.keys(query)[0] !== undefined) throw unknownQuery(Object.keys(query)[0] ?? "")
  return query
}

function refuseOtherMethods(app: Hono<Env>, path: string): void {
  const methods = routes.filter((route) => route.path === path).map(({ method }) => method.toUpperCase())
  const allow = methods.includes("GET") ? ["HEAD", ...methods] : methods
  app.all(honoPath(path), (c) => {
    c.set("route", path)
    throw new RequestError(405, "UNIMPLEMENTED", `${c.req.method} is not for ${path}`, {
      hint: `Use ${allow.join(", ")}.`,
      headers: { allow: allow.join(", ") },
    })
  })
}

function fail(c: Context<Env>, error: unknown): Response {
  const given = error instanceof RequestError ? error : undefined
  const problem = toProblem(error, c.get("requestId"), given?.status)
  if (problem.status >= 500) c.set("error", error)
  for (const [name, value] of Object.entries(given?.headers ?? {})) c.header(name, value)
  c.header("content-type", "application/problem+json")
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- each of our statuses has a body
  return c.body(JSON.stringify(problem), problem.status as ContentfulStatusCode)
}

function honoPath(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ":$1")
}

function noToken(): RequestError {
  return new RequestError(401, "UNAUTHENTICATED", "the token is missing or wrong", {
    hint: "Send authorization: Bearer TOKEN, with the token that the server was started with.",
    headers: { "www-authenticate": 'Bearer realm="slash64"' },
  })
}

function noSuchPath(path: string): RequestError {
  return new RequestError(404, "NOT_FOUND", `${JSON.stringify(path.slice(0, 200))} is no path of this API`, {
    hint: "The paths are in /openapi.json.",
  })
}

function unknownQuery(name: string): RequestError {
  return new RequestError(400, "INVALID_ARGUMENT", `${JSON.stringify(name)} is not a known parameter`, {
    field: name,
    hint: "Leave it out.",
  })
}
