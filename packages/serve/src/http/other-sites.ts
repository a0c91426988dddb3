import { isPagePath } from "./page-paths.ts"
import { RequestError } from "./request-error.ts"

/**
 * Refuses what a browser sends because another site's page told it to (Fetch Metadata, Sec-Fetch-Site): it would come
 * with the right of whoever sits at the browser. To follow a link to a page is no such thing.
 */
export function refuseOtherSites(method: string, path: string, headers: Pick<Headers, "get">): void {
  const site = headers.get("sec-fetch-site") ?? "none"
  if (site === "none" || site === "same-origin") return
  const follows = headers.get("sec-fetch-mode") === "navigate" && headers.get("sec-fetch-dest") === "document"
  if (follows && method === "GET" && isPagePath(path)) return
  throw new RequestError(403, "PERMISSION_DENIED", "another site's page made the browser send this", {
    hint: "Open the page itself, or use a client that is no browser.",
  })
}
