import { apiVersion, openApiDocument, routes } from "@slash64/serve"
import { describe, expect, it } from "vitest"
import { z } from "zod"
import { ApiBench } from "./api-bench.ts"

const schemaShape = z.looseObject({
  properties: z.record(z.string(), z.looseObject({ type: z.string().default("object") })),
  required: z.array(z.string()).default([]),
})
const methodShape = z.looseObject({ operationId: z.string(), tags: z.array(z.string()) })
const pathShape = z
  .looseObject({ parameters: z.array(z.looseObject({ name: z.string() })).default([]) })
  .transform(({ parameters, ...methods }) => ({
    parameters,
    methods: z.record(z.string(), methodShape).parse(methods),
  }))
const documentShape = z.looseObject({
  openapi: z.literal("3.1.0"),
  info: z.looseObject({ version: z.literal(apiVersion) }),
  tags: z.array(z.object({ name: z.string() })),
  paths: z.record(z.string(), pathShape),
})

const given = openApiDocument(routes)
const document = documentShape.parse(given)
const operations = Object.values(document.paths).flatMap(({ methods }) => Object.values(methods))

describe("the OpenAPI document", () => {
  it("is checked in as docs/openapi.json", async () => {
    await expect(`${JSON.stringify(given, null, 2)}\n`).toMatchFileSnapshot("../../../docs/openapi.json")
  })

  it("is served", async () => {
    await using api = await ApiBench.open()
    expect(await (await api.raw("GET", "/openapi.json")).json()).toEqual(given)
  })

  it("has each reference and each tag that it names, and no operation twice", () => {
    const references = [...JSON.stringify(given).matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, path = ""]) => path)
    expect(references.length).toBeGreaterThan(50)
    for (const reference of references) expect(given, reference).toHaveProperty(reference.split("/"))
    const ids = operations.map(({ operationId }) => operationId)
    expect(new Set(ids).size).toBe(ids.length)
    const tags = new Set(document.tags.map(({ name }) => name))
    expect(operations.flatMap((one) => one.tags).filter((tag) => !tags.has(tag))).toEqual([])
  })

  it("names of a path each parameter that is in it", () => {
    for (const [path, { parameters }] of Object.entries(document.paths))
      expect(parameters.map(({ name }) => `{${name}}`)).toEqual(path.match(/\{\w+\}/g) ?? [])
  })
})

/** A value that is of no field of that type. */
const wrong: Readonly<Record<string, unknown>> = { integer: "many", boolean: "yes", array: "none", object: "nothing" }
const network = { attachment: { kind: "isolated" }, ipv6: { prefix: "2001:db8:1::/64", ra: "router" } }
/** What each body needs to be right, but for the field that is wrong. */
const bodies: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  putNetwork: network,
  changeNetwork: {},
  attachNic: { network: "blue", host: "h1", vmId: "5f0c1c1e-7a52-4b1c-9f6a-0d2a5a1d0001" },
  startRouter: { host: "h1" },
  upgradeRouter: {},
  moveRouter: { host: "h1" },
  putHost: { plugin: "memory", config: {} },
  plan: {},
  apply: {},
  sweep: {},
  putPool: { prefix: "2001:db8:100::/48" },
  resizePool: { prefix: "2001:db8:100::/48" },
  claimPrefix: {},
  registerTemplate: { version: "1", file: "/x", format: "raw" },
}

describe("every field of every body", () => {
  const ipv4 = { prefix: "192.0.2.0/24", gateway: "192.0.2.1" }

  it.each(routes.filter(({ body }) => body !== undefined))("$method $path", async ({ method, path, operationId }) => {
    await using api = await ApiBench.open()
    await api.send("PUT", "/v1/networks/blue", { ...network, ipv4 })
    const good = bodies[operationId] ?? {}
    const target = path
      .replace("{network}", "blue")
      .replace("{host}", "h1")
      .replaceAll(/\{\w+\}/g, "n1")
    const refused = (body: unknown) => api.refused(method.toUpperCase(), target, body)

    const name = `${operationId.charAt(0).toUpperCase()}${operationId.slice(1)}Request`
    const { properties, required } = schemaShape.parse(Object(given).components.schemas[name])
    expect(Object.keys(properties)).not.toEqual([])
    for (const [field, { type }] of Object.entries(properties)) {
      const problem = await refused({ ...good, [field]: wrong[type] ?? 7 })
      expect(problem, field).toMatchObject({ status: 400, code: "INVALID_ARGUMENT", hint: expect.any(String) })
      expect(problem.field?.split(".")[0]).toBe(field)
    }
    expect(await refused({ ...good, nope: 1 })).toMatchObject({ code: "INVALID_ARGUMENT", field: "nope" })
    for (const field of required) {
      const without = Object.fromEntries(Object.entries(good).filter(([one]) => one !== field))
      expect(await refused(without), field).toMatchObject({ status: 400, field })
    }
  })
})
