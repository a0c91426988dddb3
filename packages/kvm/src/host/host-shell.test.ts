import { execFileSync } from "node:child_process"
import { describe, expect, it } from "vitest"
import { quoteWord } from "./host-shell.ts"
import { localShell } from "./local-shell.ts"

const hostile = [
  "",
  "plain",
  "a b",
  "'",
  "''\"",
  "$(id)",
  "`id`",
  "a;b|c&d",
  "*",
  "~",
  "\\",
  "-n",
  "line\nline",
  "#",
  "é",
  "!x",
]

describe("quoteWord", () => {
  it.each(hostile)("gives %j to a POSIX shell as one word", (word) => {
    const script = `printf '[%s]' ${[word, "end"].map(quoteWord).join(" ")}`
    expect(execFileSync("sh", ["-c", script], { encoding: "utf8" })).toBe(`[${word}][end]`)
  })

  it("refuses NUL", () => {
    expect(() => quoteWord("a\0b")).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }))
  })
})

describe("localShell", () => {
  const signal = AbortSignal.timeout(10_000)

  it("gives output, errors and the exit code, and passes input", async () => {
    const script = "cat; echo wrong >&2; exit 3"
    const result = await localShell().run(["sh", "-c", script], { signal, stdin: "given" })
    expect(result).toEqual({ code: 3, stdout: "given", stderr: "wrong\n" })
  })

  it("gives 127 for a program that is not there", async () => {
    expect((await localShell().run(["slash64-no-such-program"], { signal })).code).toBe(127)
  })

  it("ends the program when the call is cancelled", async () => {
    const cancel = new AbortController()
    const running = localShell().run(["sleep", "60"], { signal: cancel.signal })
    cancel.abort()
    await expect(running).rejects.toThrow(expect.objectContaining({ code: "CANCELLED" }))
  })
})
