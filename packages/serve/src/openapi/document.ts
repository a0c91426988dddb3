import { z } from "zod"
import type { Route } from "../api/route.ts"
import { componentsOf, nameOfAnswer, nameOfBody } from "./components.ts"

type Json = Readonly<Record<string, unknown>>

/** The version of the API; a minor one adds paths and fields, never takes one away. */
export const apiVersion = "1.0.0"

/** The OpenAPI 3.1 document of `routes`, from the same shapes that check the requests. */
export function openApiDocument(routes: readonly Route[]): Json {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const route of routes) {
    const path = (paths[route.path] ??= { parameters: pathParameters(route.path) })
    path[route.method] = describe(route)
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "slash64",
      version: apiVersion,
      description: description.trim(),
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "http://localhost", description: "The unix socket, whatever host name a client gives it" }],
    security: [{}, { token: [] }],
    tags: [...new Set(routes.map(({ tag }) => tag)), "server"].map((name) => ({ name })),
    paths: { ...paths, ...plainPaths },
    components: {
      securitySchemes: { token: { type: "http", scheme: "bearer", description: "Needed over TCP" } },
      schemas: componentsOf(routes),
      responses: {
        Problem: {
          description: "What is wrong, and what to do (RFC 9457)",
          content: { "application/problem+json": { schema: reference("Problem") } },
        },
      },
    },
  }
}

const description = `
IPv6 shared networks on KVM and XenServer. The caller gives the ids; a request that is repeated has the same answer.

Work that may take long is answered with 202 and an operation, at once. With the header \`Prefer: wait=30\` (RFC 7240)
the answer waits up to so many seconds, 60 at the most, and is 200 when the operation has ended by then. An operation
lives in the server's memory: after a restart the request is sent again, and finds what was done.
`

function describe(route: Route): Json {
  const answer = route.long ? reference("Operation") : reference(nameOfAnswer(route))
  const result = route.long ? ` Its \`result\` is a ${nameOfAnswer(route)}.` : ""
  return {
    operationId: route.operationId,
    tags: [route.tag],
    summary: route.summary,
    ...(route.long && { description: `Long work.${result}` }),
    parameters: [...queryParameters(route), ...(route.long ? [preferWait] : [])],
    ...(route.body && { requestBody: { required: true, content: json(reference(nameOfBody(route))) } }),
    responses: {
      "200": { description: route.long ? "The operation, which has ended" : "The answer", content: json(answer) },
      ...(route.long && {
        "202": {
          description: "The operation, which runs",
          headers: { Location: { description: "Its path", schema: { type: "string" } } },
          content: json(answer),
        },
      }),
      default: { $ref: "#/components/responses/Problem" },
    },
  }
}

/** What is no route of {@link Route}'s kind. */
const plainPaths = {
  "/v1/operations/{operation}/events": {
    parameters: pathParameters("/v1/operations/{operation}/events"),
    get: {
      operationId: "watchOperation",
      tags: ["operations"],
      summary: "An operation as server-sent events, one at each change, the first at once, to its end",
      responses: {
        "200": {
          description: "Each event is named `operation`, and its data is an Operation",
          content: { "text/event-stream": { schema: { type: "string" } } },
        },
        default: { $ref: "#/components/responses/Problem" },
      },
    },
  },
  "/healthz": plain("getHealth", "Whether the store answers", "application/json", { type: "object" }),
  "/metrics": plain("getMetrics", "Metrics for Prometheus", "text/plain", { type: "string" }),
  "/openapi.json": plain("getDocument", "This document", "application/json", { type: "object" }),
}

function plain(operationId: string, summary: string, type: string, schema: Json): Json {
  const responses = {
    "200": { description: "The answer", content: { [type]: { schema } } },
    default: { $ref: "#/components/responses/Problem" },
  }
  return { get: { operationId, tags: ["server"], summary, responses } }
}

const preferWait = {
  name: "Prefer",
  in: "header",
  description: "`wait=30`: answer when the operation has ended, or after so many seconds, 60 at the most",
  schema: { type: "string", pattern: "^wait=\\d{1,2}$" },
}

function pathParameters(path: string): readonly Json[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string" },
  }))
}

function queryParameters({ query }: Route): readonly Json[] {
  if (query === undefined) return []
  const { properties = {}, required = [] } = z.toJSONSchema(query, { io: "input" })
  return Object.entries(properties).map(([name, property]) => {
    const { description: words, ...schema } = Object(property)
    return { name, in: "query", required: required.includes(name), description: words, schema }
  })
}

function json(schema: Json): Json {
  return { "application/json": { schema } }
}

function reference(name: string): Json {
  return { $ref: `#/components/schemas/${name}` }
}
