import { newCall } from "@slash64/core"
import type { Rooms } from "@slash64/core"
import type { Context, Hono } from "hono"
import type { ContentfulStatusCode } from "hono/utils/http-status"
import { z } from "zod"
import { pageDocument } from "../page/document.ts"
import type { PageDocument } from "../page/document.ts"
import type { Html } from "../page/html-table.ts"
import { pages } from "../page/pages.ts"
import { problemPage } from "../page/problem-page.ts"
import { Recent } from "../page/recent.ts"
import { contentSecurityPolicy } from "../page/style.ts"
import type { Problem } from "../problem.ts"
import type { Env } from "./env.ts"
import { readQuery } from "./read-query.ts"

/** A look at many hosts takes as long as the slowest of them, or until it is given up. */
const patienceMs = 30_000
const keptMs = 3_000

const pageQuery = z.strictObject({
  after: z.string().optional(),
  refresh: z
    .string()
    .regex(/^([5-9]|[1-9]\d{1,3})$/, "is no time of 5 to 9999 s")
    .optional(),
})

/** The pages of {@link pages}; what one shows is seen once for all who ask within a moment. */
export function addPages(app: Hono<Env>, rooms: Rooms, ending: AbortSignal): void {
  const recent = new Recent<Pick<PageDocument, "title" | "at" | "sections">>(keptMs)
  for (const page of pages) {
    const { path } = page
    app.get(path.replaceAll(/\{\w+\}/g, ":name"), async (c) => {
      c.set("route", path)
      const { after, refresh } = readQuery(pageQuery, c.req.queries())
      const address = c.req.path + (after === undefined ? "" : `?after=${encodeURIComponent(after)}`)
      const look = () =>
        page.read({ name: c.req.param("name") ?? "", after }, rooms, newCall({ signal: ending, timeoutMs: patienceMs }))
      const shown = await recent.get(address, look)
      return sendPage(
        c,
        pageDocument({ ...shown, address, ...(refresh !== undefined && { refreshSeconds: Number(refresh) }) }),
      )
    })
  }
}

/** A problem of a page's path, for who reads it there. */
export function sendProblemPage(c: Context<Env>, problem: Problem): Response | Promise<Response> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- each of our statuses has a body
  return sendPage(c, problemPage(problem, c.req.path), problem.status as ContentfulStatusCode)
}

function sendPage(c: Context<Env>, page: Html, status: ContentfulStatusCode = 200): Response | Promise<Response> {
  c.header("content-security-policy", contentSecurityPolicy)
  c.header("referrer-policy", "no-referrer")
  return c.html(page, status)
}
