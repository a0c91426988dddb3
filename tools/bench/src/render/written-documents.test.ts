import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "vitest"
import { findTable, tableEnd, tableStart } from "./render-document.ts"

const root = join(import.meta.dirname, "../../../..")

it("README.md has the table of docs/benchmarks.md, and none before a whole run has written both", () => {
  const document = join(root, "docs/benchmarks.md")
  const table = existsSync(document) ? findTable(readFileSync(document, "utf8")) : `${tableStart}\n${tableEnd}`
  expect(table).toBeDefined()
  expect(findTable(readFileSync(join(root, "README.md"), "utf8"))).toBe(table)
})
