import { pages } from "../page/pages.ts"

const patterns = pages.map(({ path }) => new RegExp(`^${path.replaceAll(/\{\w+\}/g, "[^/]+")}$`))

/** Whether a page is there, for a browser and its reader, rather than a part of the API. */
export function isPagePath(path: string): boolean {
  return patterns.some((pattern) => pattern.test(path))
}
