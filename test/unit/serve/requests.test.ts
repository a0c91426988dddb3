import { Slash64Error } from "@slash64/core"
import { openApiDocument, routes } from "@slash64/serve"
import { describe, expect, it } from "vitest"
import { ApiBench } from "./api-bench.ts"

const token = "t".repeat(40)
const json = { "content-type": "application/json" }

describe("a request", () => {
  it("without the token has no data, whatever it asks", async () => {
    await using api = await ApiBench.open({ token })
    const { paths } = Object(openApiDocument(routes))
    const inDocument = Object.entries<object>(paths).flatMap(([path, methods]) =>
      Object.keys(methods)
        .filter((name) => name !== "parameters")
        .map((method): [string, string] => [method.toUpperCase(), path.replaceAll(/\{\w+\}/g, "x")]),
    )
    expect(inDocument.length).toBeGreaterThan(45)
    const asked = await Promise.all(
      [...inDocument, ["GET", "/"], ["GET", "/nics"], ["GET", "/networks/x"], ["GET", "/none"]].flatMap(
        ([method = "", path = ""]) =>
          ["", "Bearer", `Bearer ${token}x`, `Bearer ${token.slice(1)}`, `Basic ${token}`].map(
            async (authorization) => {
              const answer = await api.raw(method, path, { headers: authorization === "" ? {} : { authorization } })
              return [
                method,
                path,
                authorization,
                answer.status,
                answer.headers.has("www-authenticate"),
                await answer.text(),
              ]
            },
          ),
      ),
    )
    const others = asked.filter(([, , , status, says]) => status !== 401 || says !== true)
    expect(others).toEqual([])
    for (const [, , , , , text] of asked) expect(text).toMatch(/UNAUTHENTICATED|the token is missing or wrong/)
    expect((await api.raw("GET", "/v1/networks", { headers: { authorization: `Bearer ${token}` } })).status).toBe(200)
  })

  it("for another path or method is told so", async () => {
    await using api = await ApiBench.open()
    expect(await api.refused("GET", "/v2/networks")).toMatchObject({ status: 404, code: "NOT_FOUND" })
    const other = await api.send("POST", "/v1/networks/blue")
    expect(other).toMatchObject({ status: 405 })
    expect(other.headers.get("allow")).toBe("HEAD, GET, PUT, PATCH, DELETE")
    expect((await api.raw("HEAD", "/v1/networks")).status).toBe(200)
  })

  it.each([
    ["no JSON", "{", 400],
    ["an array", "[]", 400],
    ["null", "null", 400],
    ["nothing", "", 400],
    ["a deep one", `${'{"ipv6":'.repeat(5000)}1${"}".repeat(5000)}`, 400],
    ["deep arrays", `{"ipv6":{"dns":${"[".repeat(50_000)}${"]".repeat(50_000)}}}`, 400],
    ["a prototype", '{"__proto__":{"attachment":{"kind":"isolated"}}}', 400],
    ["too much", JSON.stringify({ name: "x".repeat(300_000) }), 413],
  ])("with a body that is %s is refused", async (_, body, status) => {
    await using api = await ApiBench.open()
    const answer = await api.raw("PUT", "/v1/networks/blue", { headers: json, body })
    expect(answer.status).toBe(status)
    expect(await answer.json()).toMatchObject({ code: "INVALID_ARGUMENT", status })
    expect(await api.rooms.store.listNetworks()).toEqual([])
  })

  it("with a body of another type, or not in UTF-8, is refused", async () => {
    await using api = await ApiBench.open()
    const form = await api.raw("PUT", "/v1/networks/blue", {
      body: "a=b",
      headers: { "content-type": "application/x-www-form-urlencoded" },
    })
    expect(form.status).toBe(415)
    const latin = await api.raw("PUT", "/v1/networks/blue", { body: new Uint8Array([0x7b, 0xff, 0x7d]), headers: json })
    expect(latin.status).toBe(400)
  })

  it("with a query that is unknown, given twice or out of range is refused", async () => {
    await using api = await ApiBench.open()
    for (const query of ["nope=1", "limit=1&limit=2", "limit=0", "limit=1001", "limit=1e2", "limit=", "after=a%20b"])
      expect(await api.refused("GET", `/v1/networks?${query}`), query).toMatchObject({ status: 400 })
    expect(await api.refused("GET", "/v1/networks/blue?limit=1")).toMatchObject({ status: 400, field: "limit" })
    expect(await api.refused("DELETE", "/v1/networks/blue/router?force=1")).toMatchObject({
      status: 400,
      field: "force",
    })
  })

  it("bears its own id through, where that can be in a log", async () => {
    await using api = await ApiBench.open()
    const own = await api.raw("GET", "/v1/networks", { headers: { "x-request-id": "abc-1.2" } })
    expect(own.headers.get("x-request-id")).toBe("abc-1.2")
    const forged = await api.raw("GET", "/v1/networks", { headers: { "x-request-id": "a b" } })
    expect(forged.headers.get("x-request-id")).toMatch(/^[\da-f-]{36}$/)
  })

  it("that meets a defect is told nothing of what is within, and the log is", async () => {
    const errors: unknown[] = []
    await using api = await ApiBench.open({ onAnswer: ({ error }) => errors.push(error) })
    api.rooms.store.listNetworks = () => Promise.reject(new Error("the inner word"))
    const answer = await api.send("GET", "/v1/networks")
    expect(answer).toMatchObject({ status: 500, body: { code: "INTERNAL" } })
    expect(JSON.stringify(answer.body)).not.toContain("inner")
    expect(String(errors[0])).toContain("the inner word")
  })

  it("keeps code, field, value and hint of an error, and nothing of what is below it", async () => {
    await using api = await ApiBench.open()
    const error = new Slash64Error("UNAVAILABLE", "gone", {
      field: "host",
      value: "h1",
      hint: "wait",
      native: { secret: 1 },
      outcome: "unknown",
    })
    api.rooms.store.listNetworks = () => Promise.reject(error)
    const { body } = await api.send("GET", "/v1/networks")
    expect(body).toEqual({
      type: "about:blank",
      title: "Service Unavailable",
      status: 503,
      detail: "gone",
      code: "UNAVAILABLE",
      field: "host",
      value: "h1",
      hint: "wait",
      outcome: "unknown",
      requestId: expect.any(String),
    })
  })
})

describe("/healthz", () => {
  it("says whether the store answers", async () => {
    await using api = await ApiBench.open()
    expect(await (await api.raw("GET", "/healthz")).json()).toEqual({ status: "ok" })
    api.rooms.store.describe = () => Promise.reject(new Slash64Error("UNAVAILABLE", "the disk failed"))
    expect((await api.raw("GET", "/healthz")).status).toBe(503)
  })
})
