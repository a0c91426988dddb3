import { operationShape } from "../operations/operation.ts"
import { pageOf, pageQuery, pageShape, readPage } from "./page.ts"
import { param } from "./route.ts"
import type { Route } from "./route.ts"

const tag = "operations"
const path = "/v1/operations/{operation}"

export const operationRoutes: readonly Route[] = [
  {
    method: "get",
    path: "/v1/operations",
    operationId: "listOperations",
    tag,
    summary: "The operations that run and those that have ended within the hour, oldest first",
    query: pageQuery,
    answer: pageShape("operations", operationShape),
    handle: async ({ query }, { operations }) =>
      readPage(
        "operations",
        query,
        pageOf(operations.list(), ({ id }) => id),
        ({ id }) => id,
      ),
  },
  {
    method: "get",
    path,
    operationId: "getOperation",
    tag,
    summary: "An operation; `/events` behind it is the same as server-sent events, one at each change, to its end",
    answer: operationShape,
    handle: async (request, { operations }) => operations.find(param(request, "operation")),
  },
  {
    method: "delete",
    path,
    operationId: "cancelOperation",
    tag,
    summary: "Ask an operation to stop; what it has done stays, and a repeat of its request goes on from there",
    answer: operationShape,
    handle: async (request, { operations }) => operations.cancel(param(request, "operation")),
  },
]
