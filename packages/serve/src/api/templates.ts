import { Slash64Error, quote, registerTemplate } from "@slash64/core"
import { templateShape } from "@slash64/core/request-shapes"
import { z } from "zod"
import { underId } from "./own-id.ts"
import { pageOf, pageQuery, pageShape, readPage } from "./page.ts"
import { templateRecord } from "./records.ts"
import { param } from "./route.ts"
import type { Route } from "./route.ts"

const tag = "templates"
const path = "/v1/templates/{digest}"

export const templateRoutes: readonly Route[] = [
  {
    method: "get",
    path: "/v1/templates",
    operationId: "listTemplates",
    tag,
    summary: "The router templates that were registered, in the order of their digests",
    query: pageQuery,
    answer: pageShape("templates", templateRecord),
    handle: async ({ query }, { rooms }) =>
      readPage(
        "templates",
        query,
        pageOf(await rooms.store.listTemplates(), ({ digest }) => digest),
        ({ digest }) => digest,
      ),
  },
  {
    method: "get",
    path,
    operationId: "getTemplate",
    tag,
    summary: "The record of a router template",
    answer: templateRecord,
    async handle(request, { rooms }) {
      const digest = param(request, "digest")
      const template = (await rooms.store.listTemplates()).find((one) => one.digest === digest)
      if (template !== undefined) return template
      throw new Slash64Error("NOT_FOUND", `router template ${quote(digest)} is not registered`, {
        field: "digest",
        value: quote(digest),
        hint: "List them with GET /v1/templates, or register it with PUT.",
      })
    },
  },
  {
    method: "put",
    path,
    operationId: "registerTemplate",
    tag,
    summary: "Register a built template, after its image was held against the digest",
    body: templateShape.partial({ digest: true }),
    answer: templateRecord,
    long: true,
    handle: (request, { rooms }) =>
      registerTemplate(underId("digest", param(request, "digest"), request.body), rooms, request.call),
  },
  {
    method: "delete",
    path,
    operationId: "removeTemplate",
    tag,
    summary: "Forget a template that no router is of; its image stays where it is. Absent: success",
    answer: z.strictObject({ template: templateRecord.optional() }),
    async handle(request, { rooms }) {
      const digest = param(request, "digest")
      const template = (await rooms.store.listTemplates()).find((one) => one.digest === digest)
      if (template === undefined) return {}
      await rooms.store.removeTemplate(digest)
      return { template }
    },
  },
]
