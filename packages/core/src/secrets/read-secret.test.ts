import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, it } from "vitest"
import { readSecret } from "./read-secret.ts"

const folder = mkdtempSync(join(tmpdir(), "slash64-secret-"))
afterAll(() => rmSync(folder, { recursive: true }))

describe("readSecret", () => {
  it("reads a file without the line feed at its end, and a variable as it is", async () => {
    writeFileSync(join(folder, "password"), " hunter2\n")
    expect(await readSecret("password", `file:${folder}/password`)).toBe(" hunter2")
    process.env["SLASH64_TEST_READ_SECRET"] = "hunter2\n"
    expect(await readSecret("password", "env:SLASH64_TEST_READ_SECRET")).toBe("hunter2\n")
    delete process.env["SLASH64_TEST_READ_SECRET"]
  })

  it.each([`file:${folder}/absent`, "env:SLASH64_TEST_ABSENT"])(
    "names field and reference of %s",
    async (reference) => {
      await expect(readSecret("password", reference)).rejects.toMatchObject({
        code: "INVALID_ARGUMENT",
        field: "password",
        value: reference,
      })
    },
  )
})
