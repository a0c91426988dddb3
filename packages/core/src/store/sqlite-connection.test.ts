import { mkdtempSync, openSync, readFileSync, rmSync, statSync, writeFileSync, writeSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { setTimeout as sleep } from "node:timers/promises"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { SqliteConnection } from "./sqlite-connection.ts"

let folder: string
let file: string
const open: SqliteConnection[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slash64-sqlite-"))
  file = join(folder, "store.sqlite")
})

afterEach(() => {
  for (const connection of open.splice(0)) connection.close()
  rmSync(folder, { recursive: true })
})

async function connect(busyMs?: number): Promise<SqliteConnection> {
  const connection = await SqliteConnection.open(file, busyMs)
  open.push(connection)
  return connection
}

const insert = (connection: SqliteConnection, name: string, body = "{}") =>
  connection.run("INSERT INTO hosts (name, body) VALUES (?, ?)", name, body)
const names = (connection: SqliteConnection) => connection.all("SELECT name FROM hosts").map((row) => row["name"])

const bound = (connection: SqliteConnection) =>
  Number(connection.get("PRAGMA wal_autocheckpoint")?.["wal_autocheckpoint"])

describe("SqliteConnection", () => {
  it("makes every commit durable: WAL, synchronous FULL, foreign keys on", async () => {
    const connection = await connect()
    expect(connection.get("PRAGMA journal_mode")).toMatchObject({ journal_mode: "wal" })
    expect(connection.get("PRAGMA synchronous")).toMatchObject({ synchronous: 2 })
    expect(connection.get("PRAGMA foreign_keys")).toMatchObject({ foreign_keys: 1 })
  })

  it("takes the group's and others' rights from a file that has them", async () => {
    writeFileSync(file, "", { mode: 0o666 })
    await connect()
    expect(statSync(file).mode & 0o777).toBe(0o600)
  })

  it("undoes all of a transaction that fails", async () => {
    const connection = await connect()
    const failing = connection.write(() => {
      insert(connection, "h1")
      throw new Error("stop")
    })
    await expect(failing).rejects.toThrow("stop")
    expect(await connection.read(() => names(connection))).toEqual([])
    await connection.write(() => insert(connection, "h2"))
    expect(await connection.read(() => names(connection))).toEqual(["h2"])
  })

  it("refuses a newer schema and leaves it as it is", async () => {
    const connection = await connect()
    connection.close()
    const database = new DatabaseSync(file)
    database.exec("PRAGMA user_version = 99")
    database.close()
    await expect(connect()).rejects.toMatchObject({
      code: "FAILED_PRECONDITION",
      field: "store",
      message: expect.stringMatching(/schema 99/),
    })
    await expect(connect()).rejects.toMatchObject({ hint: expect.stringMatching(/newer slash64/) })
  })

  it("refuses the database of another program and leaves its bytes as they are", async () => {
    const database = new DatabaseSync(file)
    database.exec("CREATE TABLE theirs (id INTEGER)")
    database.close()
    const before = readFileSync(file)
    await expect(connect()).rejects.toMatchObject({
      code: "FAILED_PRECONDITION",
      message: expect.stringMatching(/another program/),
    })
    expect(readFileSync(file).equals(before)).toBe(true)
  })

  it("says that a file is no database", async () => {
    writeFileSync(file, "x".repeat(8192))
    await expect(connect()).rejects.toMatchObject({ code: "DATA_LOSS", field: "store", value: file })
  })

  it("says that a database is corrupt", async () => {
    const connection = await connect()
    const schemaBytes = Number(connection.get("PRAGMA page_count")?.["page_count"]) * 4096
    await connection.write(() => {
      for (let number = 0; number < 200; number++) insert(connection, `h${number}`, "x".repeat(100))
    })
    connection.close()
    const rows = Buffer.alloc(statSync(file).size - schemaBytes, 0xff)
    writeSync(openSync(file, "r+"), rows, 0, rows.length, schemaBytes)
    const again = await connect()
    await expect(again.read(() => again.all("SELECT body FROM hosts"))).rejects.toMatchObject({
      code: "DATA_LOSS",
      message: expect.stringMatching(/corrupt/),
    })
  })

  it("says that the disk is full, undoes the transaction, and goes on when there is room", async () => {
    const connection = await connect()
    await connection.write(() => insert(connection, "h1"))
    connection.get("PRAGMA max_page_count = 1")
    const filling = connection.write(() => {
      for (let number = 0; number < 1000; number++) insert(connection, `full-${number}`, "x".repeat(4096))
    })
    await expect(filling).rejects.toMatchObject({
      code: "RESOURCE_EXHAUSTED",
      field: "store",
      hint: expect.stringMatching(/room/),
    })
    connection.get("PRAGMA max_page_count = 100000")
    await connection.write(() => insert(connection, "h2"))
    expect(await connection.read(() => names(connection))).toEqual(["h1", "h2"])
  })

  it("says that the file cannot be opened", async () => {
    file = folder
    await expect(connect()).rejects.toMatchObject({ code: "PERMISSION_DENIED", field: "store", value: folder })
    file = join(folder, "plain", "store.sqlite")
    writeFileSync(join(folder, "plain"), "")
    await expect(connect()).rejects.toMatchObject({ code: "PERMISSION_DENIED", field: "store" })
  })

  it("waits for the lock of another program, and says so when it does not come", async () => {
    const connection = await connect(200)
    const other = new DatabaseSync(file)
    other.exec("BEGIN IMMEDIATE")
    await expect(connection.write(() => insert(connection, "h1"))).rejects.toMatchObject({ code: "UNAVAILABLE" })
    const patient = await connect()
    const waiting = patient.write(() => insert(patient, "h2"))
    await sleep(150)
    other.exec("COMMIT")
    await waiting
    other.close()
    expect(await patient.read(() => names(patient))).toEqual(["h2"])
  })

  it("lets the journal grow with the file, at once and when it is opened again", async () => {
    const connection = await connect()
    expect(bound(connection)).toBe(1000)
    const body = "x".repeat(8192)
    await Promise.all(
      Array.from({ length: 1024 }, (_, number) => connection.write(() => insert(connection, `h${number}`, body))),
    )
    expect(bound(connection)).toBeGreaterThan(2000)
    const again = await connect()
    expect(bound(again)).toBeGreaterThan(2000)
  })

  it("keeps a database in memory", async () => {
    const connection = await SqliteConnection.open(":memory:")
    open.push(connection)
    await connection.write(() => insert(connection, "h1"))
    expect(await connection.read(() => names(connection))).toEqual(["h1"])
  })
})
