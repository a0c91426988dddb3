import { existsSync } from "node:fs"
import { join } from "node:path"
import { startPostgres } from "@slash64/tool-lab"
import type { OwnPostgres } from "@slash64/tool-lab"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { startCliLab } from "../cli/cli-lab.ts"
import type { CliLab } from "../cli/cli-lab.ts"

let server: OwnPostgres
let lab: CliLab

beforeAll(async () => {
  server = await startPostgres()
})
afterAll(() => server.remove())
beforeEach(async () => {
  lab = await startCliLab()
})
afterEach(() => lab.close())

const create = ["network", "create", "blue", "--ipv6", "2001:db8:0:1::/64", "--isolated", "--ra", "router"]

describe("slash64 on a store in PostgreSQL", () => {
  it("takes it from SLASH64_DB or --db, and keeps secret and keys on this machine", async () => {
    const url = await server.openSchema("cli")
    expect(await lab.run(create, { env: { SLASH64_DB: url } })).toMatchObject({ exitCode: 0, stderr: "" })
    expect(await lab.json(["network", "list", "--db", url])).toMatchObject({ networks: [{ name: "blue" }] })
    expect(await lab.json(["network", "list"])).toMatchObject({ networks: [] })
    expect(existsSync(join(lab.folder, "state/slash64/secret"))).toBe(true)
    expect(await lab.json(["db", "migrate", "--db", url])).toMatchObject({ migration: { done: false } })
    const refused = await lab.run(["db", "backup", "--db", url])
    expect(refused).toMatchObject({ exitCode: 12, stderr: expect.stringContaining("pg_dump") })
  })

  it.for([
    ["does not answer", "postgres://slash64:hunter2@127.0.0.1:1/slash64", 14],
    ["is not written right", "postgres://slash64:hunter2@[127.0.0.1/slash64", 2],
    ["has a parameter that is not known", "postgres://slash64@localhost/x?password=hunter2", 2],
  ] as const)("says nothing of the password of a database that %s", async ([, url, exitCode]) => {
    const answer = await lab.run(["network", "list", "--db", url, "--log-level", "trace", "--timeout", "30"])
    expect(answer.exitCode).toBe(exitCode)
    expect(answer.stderr).toContain("error: ")
    expect(answer.stdout + answer.stderr).not.toContain("hunter2")
  })

  it("says nothing of it where it says how to repeat a command", async () => {
    const url = "postgres://slash64:hunter2@127.0.0.1:1/slash64"
    const options = { signal: AbortSignal.abort() }
    const answer = await lab.run(["router", "start", "blue", "--db", url], options)
    expect(answer.stdout + answer.stderr).not.toContain("hunter2")
  })
})
