import { readFileSync, readdirSync } from "node:fs"
import { join } from "node:path"
import { errorCodes } from "@slash64/core"
import { describe, expect, it } from "vitest"
import { meaningOf } from "./xapi-errors.ts"

const root = join(import.meta.dirname, "../../../..")

/** What these sources name as an error of XAPI. */
function namesIn(folder: string, pattern: RegExp): readonly string[] {
  const files = readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
  const sources = files.filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"))
  const texts = sources.map((file) => readFileSync(join(root, folder, file), "utf8"))
  return texts.flatMap((text) =>
    [...text.matchAll(pattern)].flatMap(([, names = ""]) => names.match(/\b[A-Z][A-Z_]{4,}\b/g) ?? []),
  )
}

function namesInTranscripts(): readonly string[] {
  const text = readFileSync(join(root, "test/fixtures/xapi/transcripts.json"), "utf8")
  return [...text.matchAll(/"message": "([A-Z][A-Z_]+)"/g)].map(([, name = ""]) => name)
}

describe("the errors of XAPI", () => {
  it.each([
    ["the transcripts of a running one", namesInTranscripts(), 15],
    ["the lab host", namesIn("tools/xapi-lab-host/src", /new XapiError\(\s*("[A-Z_]+")/g), 20],
    ["what the verbs look for", namesIn("packages/xenserver/src", /isNative\(([^)]*)\)/g), 10],
  ])("of %s are all in the table", (_where, names, least) => {
    expect(new Set(names).size).toBeGreaterThanOrEqual(least)
    expect(names.filter((name) => meaningOf(name) === undefined)).toEqual([])
  })

  it("have a meaning with a code of ours and what to do, and others have none", () => {
    const storage = meaningOf("SR_BACKEND_FAILURE_140")
    expect(storage).toMatchObject({ code: "FAILED_PRECONDITION", hint: expect.stringContaining("xe pbd-list") })
    expect(meaningOf("SR_BACKEND_FAILURE_44")?.code).toBe("RESOURCE_EXHAUSTED")
    for (const name of ["toString", "SR_BACKEND_FAILURE_", "NEVER_SEEN", ""]) expect(meaningOf(name)).toBeUndefined()
    for (const name of namesInTranscripts()) expect(errorCodes).toContain(meaningOf(name)?.code)
  })
})
