import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { setTimeout as sleep } from "node:timers/promises"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { GroupCommit } from "./group-commit.ts"

let folder: string
let file: string
let database: DatabaseSync
let other: DatabaseSync
let commits: GroupCommit

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slash64-commit-"))
  file = join(folder, "db")
  database = new DatabaseSync(file, { timeout: 1 })
  database.exec(`
    PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA wal_autocheckpoint = 0;
    CREATE TABLE rows (number INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
    CREATE TABLE links (number INTEGER REFERENCES rows (number) DEFERRABLE INITIALLY DEFERRED);
  `)
  other = new DatabaseSync(file, { timeout: 1 })
  commits = new GroupCommit(database, file, 10_000)
})
afterEach(() => {
  database.close()
  other.close()
  rmSync(folder, { recursive: true })
})

const insert = (text: string) => () => Number(database.prepare("INSERT INTO rows (text) VALUES (?)").run(text).changes)
const dangling = () => database.exec("INSERT INTO links VALUES (99)")
const many = (from: number, count: number) => Array.from({ length: count }, (_, index) => String(from + index))
const texts = (connection: DatabaseSync) =>
  connection
    .prepare("SELECT text FROM rows ORDER BY number")
    .all()
    .map((row) => row["text"])

/** Frames of the journal that end a commit (sqlite.org/fileformat.html, section 4.1). */
function commitsOnDisk(): number {
  const journal = existsSync(`${file}-wal`) ? readFileSync(`${file}-wal`) : Buffer.alloc(0)
  let count = 0
  for (let frame = 32; frame + 24 <= journal.length; frame += 24 + 4096)
    if (journal.readUInt32BE(frame + 4) > 0) count++
  return count
}

describe("GroupCommit", () => {
  it("puts what is asked for at once into one commit, in order, and another call into the next", async () => {
    const before = commitsOnDisk()
    await Promise.all(many(0, 64).map((text) => commits.write(insert(text))))
    expect(texts(other)).toEqual(many(0, 64))
    expect(commitsOnDisk() - before).toBe(1)
    await commits.write(insert("after"))
    expect(commitsOnDisk() - before).toBe(2)
  })

  it("resolves each call with what is its own, when another connection can see it", async () => {
    const seen = many(0, 20).map(async (text) => {
      const value = await commits.write(() => {
        insert(text)()
        return `value of ${text}`
      })
      return [value, texts(other).includes(text)]
    })
    expect(await Promise.all(seen)).toEqual(many(0, 20).map((text) => [`value of ${text}`, true]))
  })

  it("bounds a commit, so that other processes get their turn", async () => {
    const before = commitsOnDisk()
    await Promise.all(many(0, 300).map((text) => commits.write(insert(text))))
    expect(texts(other)).toEqual(many(0, 300))
    expect(commitsOnDisk() - before).toBe(3)
  })

  it("undoes one that fails, all that it did and nothing of the others", async () => {
    const failing = () => {
      insert("half")()
      throw new Error("stop")
    }
    for (const [first, second] of [
      ["a", "b"],
      ["c", "d"],
    ] as const) {
      const results = await Promise.allSettled([
        commits.write(insert(first)),
        commits.write(failing),
        commits.write(insert(first)),
        commits.write(insert(second)),
      ])
      expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "rejected", "fulfilled"])
      expect(results[1]).toMatchObject({ reason: { message: "stop" } })
    }
    expect(texts(other)).toEqual(["a", "b", "c", "d"])
    const before = commitsOnDisk()
    await Promise.all([commits.write(insert("e")), commits.write(insert("f"))])
    expect(commitsOnDisk() - before).toBe(1)
  })

  it("fails all of a commit that fails, keeps none of it, and goes on", async () => {
    const results = await Promise.allSettled([commits.write(insert("a")), commits.write(dangling)])
    expect(results.map(({ status }) => status)).toEqual(["rejected", "rejected"])
    expect(results[0]).toMatchObject({ reason: { native: { message: expect.stringMatching(/FOREIGN KEY/) } } })
    expect(texts(other)).toEqual([])
    await expect(commits.write(dangling)).rejects.toMatchObject({ code: "INTERNAL" })
    await commits.write(insert("b"))
    expect(texts(other)).toEqual(["b"])
  })

  it("fails all of a transaction that ended in the middle, and keeps none of it", async () => {
    const results = await Promise.allSettled([
      commits.write(insert("a")),
      commits.write(() => database.exec("INSERT OR ROLLBACK INTO rows (text) VALUES ('a')")),
      commits.write(insert("b")),
    ])
    for (const result of results)
      expect(result).toMatchObject({
        status: "rejected",
        reason: { native: { message: expect.stringMatching(/UNIQUE/) } },
      })
    expect(texts(other)).toEqual([])
  })

  it("fails all of a commit for which the disk has no room, and takes the next when there is room", async () => {
    const fill = () => database.prepare("INSERT INTO rows (text) VALUES (?)").run("x".repeat(100_000))
    database.exec("PRAGMA max_page_count = 10")
    const results = await Promise.allSettled([commits.write(fill), commits.write(insert("small"))])
    for (const result of results)
      expect(result).toMatchObject({ status: "rejected", reason: { code: "RESOURCE_EXHAUSTED" } })
    expect(texts(other)).toEqual([])
    database.exec("PRAGMA max_page_count = 1000")
    await commits.write(insert("next"))
    expect(texts(other)).toEqual(["next"])
  })

  it("waits for another process, keeps the order, and gives up when the time of a call is over", async () => {
    const hasty = new GroupCommit(database, file, 50)
    other.exec("BEGIN IMMEDIATE")
    await expect(hasty.write(insert("hasty"))).rejects.toMatchObject({ code: "UNAVAILABLE" })
    const waiting = many(0, 200).map((text) => commits.write(insert(text)))
    await sleep(50)
    waiting.push(commits.write(insert("later")))
    other.exec("COMMIT")
    await Promise.all(waiting)
    expect(texts(other)).toEqual([...many(0, 200), "later"])
  })

  it("commits what waits when it is told to, or says at once that another process holds the lock", async () => {
    const first = commits.write(insert("a"))
    commits.flush()
    expect(texts(other)).toEqual(["a"])
    await first
    other.exec("BEGIN IMMEDIATE")
    const second = commits.write(insert("b"))
    commits.flush()
    await expect(second).rejects.toMatchObject({ code: "UNAVAILABLE" })
    other.exec("ROLLBACK")
    expect(texts(other)).toEqual(["a"])
  })
})
