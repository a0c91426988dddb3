import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { startCliLab, web1 } from "../../cli/cli-lab.ts"
import type { CliLab } from "../../cli/cli-lab.ts"

let lab: CliLab
let state: string

beforeEach(async () => {
  lab = await startCliLab()
  await lab.prepare()
  await lab.json(["nic", "attach", "blue", "web1"])
  state = join(lab.folder, "state/slash64")
})
afterEach(() => lab.close())

function change(sql: string): void {
  const database = new DatabaseSync(join(state, "slash64.db"))
  database.exec(sql)
  database.close()
}

const jsonl = () => join(lab.folder, "slash64.jsonl")
const recordLines = (file: string) => readFileSync(file, "utf8").split("\n").slice(1)

describe("slash64 db check", () => {
  it("says that nothing is wrong, with what is there", async () => {
    expect(await lab.json(["db", "check"])).toMatchObject({
      database: join(state, "slash64.db"),
      counts: { networks: 1, nics: 1, routers: 1, hosts: 1, templates: 1 },
      findings: [],
    })
    const { stdout, exitCode } = await lab.run(["db", "check"])
    expect(exitCode).toBe(0)
    expect(stdout).toMatch(/^schema +(\d+) of \1$/m)
    expect(stdout).toMatch(/nothing is wrong/)
  })

  it("ends with 9 where something is wrong, and says what to do", async () => {
    change("UPDATE nics SET state = 'lost'")
    expect(await lab.json(["db", "check"], 9)).toMatchObject({
      findings: [{ severity: "error", subject: expect.stringMatching(/^NIC /), hint: expect.stringMatching(/backup/) }],
    })
    const { stdout, exitCode } = await lab.run(["db", "check"])
    expect(exitCode).toBe(9)
    expect(stdout).toMatch(/FINDING +SUBJECT +PROBLEM +WHAT TO DO\nerror +NIC .*cannot be read +put back a backup/)
  })

  it("only notes what is being detached", async () => {
    change("UPDATE nics SET state = 'leaving'")
    const answer = await lab.json(["db", "check"])
    expect(answer).toMatchObject({
      findings: [{ severity: "note", hint: `slash64 nic detach blue ${web1}, to the end` }],
    })
  })

  it("makes no database where there is none", async () => {
    const other = join(lab.folder, "other", "slash64.db")
    expect(await lab.json(["db", "check", "--db", other], 5)).toMatchObject({ error: { field: "store", value: other } })
    expect(existsSync(join(lab.folder, "other"))).toBe(false)
  })
})

describe("slash64 db backup", () => {
  it("makes a directory that works in place of the state: the same NIC, keys and addresses", async () => {
    const to = join(lab.folder, "monday")
    const answer = await lab.json(["db", "backup", to])
    expect(answer).toMatchObject({ backup: { directory: to, keys: join(to, "keys") } })
    expect(readdirSync(to).toSorted()).toEqual(["keys", "secret", "slash64.db"])
    for (const name of ["slash64.db", "secret"]) expect(statSync(join(to, name)).mode & 0o777).toBe(0o600)
    expect(statSync(to).mode & 0o777).toBe(0o700)
    const before = await lab.json(["nic", "list"])
    const detach = ["nic", "detach", "blue", "web1"]
    await lab.json(detach)
    rmSync(state, { recursive: true })
    cpSync(to, state, { recursive: true })
    expect(await lab.json(["nic", "list"])).toEqual(before)
    expect(await lab.json(["router", "status", "blue"])).toMatchObject({})
  })

  it("goes beside the database where no directory is named, and overwrites none", async () => {
    const answer = await lab.run(["db", "backup"])
    expect(answer.exitCode).toBe(0)
    const [made = ""] = readdirSync(join(state, "backups"))
    expect(answer.stdout).toContain(join(state, "backups", made))
    const to = join(state, "backups", made)
    const before = readFileSync(join(to, "slash64.db"))
    expect(await lab.json(["db", "backup", to], 6)).toMatchObject({
      error: { code: "ALREADY_EXISTS", field: "backup" },
    })
    expect(readFileSync(join(to, "slash64.db")).equals(before)).toBe(true)
  })

  it("leaves nothing half done behind", async () => {
    const to = join(lab.folder, "monday")
    writeFileSync(join(state, "secret"), `${"0".repeat(64)}\n`)
    expect(await lab.json(["db", "backup", to], 9)).toMatchObject({ error: { field: "secret" } })
    expect(existsSync(to)).toBe(false)
    writeFileSync(join(lab.folder, "plain"), "")
    expect(await lab.json(["db", "backup", join(lab.folder, "plain/monday")], 7)).toMatchObject({
      error: { code: "PERMISSION_DENIED", field: "backup" },
    })
  })
})

describe("slash64 db migrate", () => {
  it("does nothing where the schema is up to date", async () => {
    expect(await lab.json(["db", "migrate"])).toMatchObject({ migration: { done: false } })
    expect(existsSync(join(state, "backups"))).toBe(false)
  })

  it("says what it would do; makes a backup first, and does it", async () => {
    const old = join(lab.folder, "old")
    mkdirSync(old)
    cpSync(join(state, "secret"), join(old, "secret"))
    const file = join(old, "slash64.db")
    const database = new DatabaseSync(file)
    database.exec(readFileSync(join(import.meta.dirname, "../../fixtures/schema-1.sql"), "utf8"))
    database.close()
    const dry = await lab.json(["db", "migrate", "--dry-run", "--db", file])
    expect(dry).toMatchObject({ migration: { from: 1, done: false } })
    expect(await lab.json(["db", "check", "--db", file])).toMatchObject({ schema: 1 })
    const done = await lab.json(["db", "migrate", "--db", file])
    expect(done).toMatchObject({ migration: { from: 1, done: true }, backup: { schema: 1 } })
    expect(await lab.json(["db", "check", "--db", file])).toMatchObject({ counts: { nics: 1 } })
    const [made = ""] = readdirSync(join(old, "backups"))
    const copy = ["--db", join(old, "backups", made, "slash64.db")]
    expect(await lab.json(["db", "check", ...copy])).toMatchObject({ schema: 1 })
  })
})

describe("a secret that is lost", () => {
  it("is replaced when it is said so: NICs keep their addresses", async () => {
    const before = await lab.json(["nic", "list"])
    rmSync(join(state, "secret"))
    const refused = await lab.json(["nic", "list"], 9)
    expect(refused).toMatchObject({ error: { field: "secret", hint: expect.stringMatching(/--accept-secret$/) } })
    await lab.json(["db", "migrate", "--dry-run", "--accept-secret"])
    await lab.json(["nic", "list"], 9)
    const accepted = await lab.json(["db", "migrate", "--accept-secret"])
    expect(accepted).toMatchObject({ secret: join(state, "secret") })
    expect(await lab.json(["nic", "list"])).toEqual(before)
    expect(await lab.json(["db", "check"])).toMatchObject({ findings: [] })
  })
})

describe("slash64 db export and import", () => {
  it("moves all of it to a new database, beside its secret", async () => {
    expect(await lab.json(["db", "export", jsonl()])).toEqual({ file: jsonl(), records: 5 })
    expect(statSync(jsonl()).mode & 0o777).toBe(0o600)
    expect(readdirSync(lab.folder).filter((name) => name.includes("partial"))).toEqual([])
    const to = join(lab.folder, "to")
    mkdirSync(to, { mode: 0o700 })
    cpSync(join(state, "secret"), join(to, "secret"))
    const db = ["--db", join(to, "slash64.db")]
    expect(await lab.json(["db", "import", jsonl(), ...db])).toEqual({ database: db[1], records: 5 })
    expect(await lab.json(["db", "check", ...db])).toMatchObject({ findings: [] })
    for (const list of ["host", "network", "nic", "template"])
      expect(await lab.json([list, "list", ...db])).toEqual(await lab.json([list, "list"]))
    await lab.json(["db", "export", join(to, "again.jsonl"), ...db])
    expect(recordLines(join(to, "again.jsonl"))).toEqual(recordLines(jsonl()))
    expect(await lab.json(["db", "import", jsonl(), ...db], 9)).toMatchObject({ error: { field: "store" } })
  })

  it("shows how far it is", async () => {
    const { stderr, exitCode } = await lab.run(["db", "check"], { isTerminal: true })
    expect(exitCode).toBe(0)
    expect(stderr).toMatch(/checking the file/)
  })

  it("refuses another secret, and takes it when it is told to", async () => {
    await lab.json(["db", "export", jsonl()])
    const db = ["--db", join(lab.folder, "to", "slash64.db")]
    expect(await lab.json(["db", "import", jsonl(), ...db], 9)).toMatchObject({ error: { field: "secret" } })
    expect(await lab.json(["db", "import", jsonl(), "--other-secret", ...db])).toMatchObject({ records: 5 })
  })

  it("overwrites no file, and leaves none that is half done", async () => {
    writeFileSync(jsonl(), "mine")
    expect(await lab.json(["db", "export", jsonl()], 6)).toMatchObject({ error: { field: "file", value: jsonl() } })
    expect(readFileSync(jsonl(), "utf8")).toBe("mine")
    const other = join(lab.folder, "other.jsonl")
    change("UPDATE nics SET state = 'lost'")
    expect(await lab.json(["db", "export", other], 15)).toMatchObject({ error: { code: "DATA_LOSS" } })
    expect(await lab.json(["db", "export", "/nonexistent/x.jsonl"], 7)).toMatchObject({ error: { field: "file" } })
    expect(await lab.json(["db", "export", other, "--db", join(lab.folder, "none.db")], 5)).toMatchObject({})
    expect(existsSync(join(lab.folder, "none.db"))).toBe(false)
    expect(readdirSync(lab.folder).filter((name) => name.startsWith("other"))).toEqual([])
  })

  it.for([
    ["no such file", undefined, 5, "NOT_FOUND", "file"],
    ["an empty file", "", 15, "DATA_LOSS", "line"],
    ["no JSON", "hosts\n", 2, "INVALID_ARGUMENT", "line"],
    ["no UTF-8", Buffer.from([0x7b, 0xff, 0x0a]), 2, "INVALID_ARGUMENT", "file"],
    ["a line of 2 MiB", "x".repeat(2 << 20), 2, "INVALID_ARGUMENT", "file"],
    ["another kind of file", '{"name":"x"}\n', 2, "INVALID_ARGUMENT", "header.slash64"],
  ] as const)("refuses %s", async ([, content, exitCode, code, field]) => {
    if (content !== undefined) writeFileSync(jsonl(), content)
    const db = ["--db", join(lab.folder, "to", "slash64.db")]
    expect(await lab.json(["db", "import", jsonl(), ...db], exitCode)).toMatchObject({ error: { code, field } })
    expect(await lab.json(["host", "list", ...db])).toEqual({ hosts: [] })
  })
})
