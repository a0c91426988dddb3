import { describe, expect, it } from "vitest"
import { JsonChild } from "./json-child.ts"

function child(program: string): JsonChild {
  return new JsonChild([process.execPath, "-e", program])
}

describe("JsonChild", () => {
  it("hears what it says first, and an answer for each line", async () => {
    const program = `console.log('{"ready":true}'); process.stdin.on("data", (text) => console.log(JSON.stringify(String(text))))`
    await using echo = child(program)
    expect(await echo.hear()).toEqual({ ready: true })
    expect(await echo.ask("one")).toBe("one\n")
    expect(await echo.ask("two")).toBe("two\n")
  })

  it("says its last words when it ends instead of answering", async () => {
    await using broken = child(`process.stdin.on("data", () => { throw new Error("no such table") })`)
    await expect(broken.ask("fill 1")).rejects.toThrow("no such table")
    await using absent = new JsonChild(["/nowhere/python3"])
    await expect(absent.ask("fill 1")).rejects.toThrow("ENOENT")
  })
})
