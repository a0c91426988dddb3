import type { Call, HypervisorPlugin, Rooms } from "@slash64/core"
import type { z } from "zod"
import type { Operations } from "../operations/operations.ts"

/** What the routes lead to. */
export interface Api {
  readonly rooms: Rooms
  readonly plugins: readonly HypervisorPlugin[]
  readonly operations: Operations
}

/** What a client asks, by the shapes of the route; the values within are for the road to check. */
export interface RouteRequest {
  readonly params: Readonly<Record<string, string>>
  readonly query: Readonly<Record<string, string>>
  readonly body: Readonly<Record<string, unknown>>
  readonly call: Call
}

/** One method on one path: what serves a request and what the OpenAPI document says of it. */
export interface Route {
  readonly method: "get" | "put" | "post" | "patch" | "delete"
  /** As in OpenAPI: `/v1/networks/{network}`. */
  readonly path: string
  readonly operationId: string
  readonly tag: string
  readonly summary: string
  readonly query?: z.ZodObject
  readonly body?: z.ZodObject
  /** What the answer holds; of long work, what its operation gives. */
  readonly answer: z.ZodType
  /** Refuses what can never be right before the work is taken on. */
  check?(request: RouteRequest, api: Api): Promise<unknown>
  handle(request: RouteRequest, api: Api): Promise<unknown>
  /** Answered with 202 and an operation. */
  readonly long?: true
}

/** The value of a parameter of the route's own path. */
export function param({ params }: RouteRequest, name: string): string {
  return params[name] ?? ""
}

/** A request for a road, which parses it as unknown whatever its type says. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- it is the type of the road's parameter
export function forRoad<Request>(fields: Readonly<Record<string, unknown>>): Request {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the road is its parser
  return fields as Request
}
