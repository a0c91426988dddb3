import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describeStore } from "@slash64/conformance/vitest"
import { openSqliteStore } from "@slash64/core"
import { afterAll } from "vitest"

const folder = mkdtempSync(join(tmpdir(), "slash64-store-"))
afterAll(() => {
  rmSync(folder, { recursive: true })
})

describeStore({
  name: "SQLite",
  open: (place, options) => openSqliteStore({ file: join(folder, `${place}.sqlite`), ...options }),
})
