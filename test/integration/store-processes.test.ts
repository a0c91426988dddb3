import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { text } from "node:stream/consumers"
import { setTimeout as sleep } from "node:timers/promises"
import { openSecretFile, openSqliteStore } from "@slash64/core"
import type { Nic } from "@slash64/core"
import { afterEach, beforeEach, describe, expect, it } from "vitest"

let folder: string
let file: string
let secretFile: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slash64-processes-"))
  file = join(folder, "store.sqlite")
  secretFile = join(folder, "secret")
})
afterEach(() => {
  rmSync(folder, { recursive: true })
})

function start(mode: "claim" | "churn", name: string) {
  const child = spawn(process.execPath, [join(import.meta.dirname, "store-child.ts"), mode, file, secretFile, name], {
    stdio: ["ignore", "pipe", "pipe"],
  })
  return { child, output: text(child.stdout), errors: text(child.stderr), exit: once(child, "exit") }
}

async function heldNics(): Promise<readonly Nic[]> {
  const store = await openSqliteStore({ file, secret: openSecretFile(secretFile) })
  try {
    return await store.listNics()
  } finally {
    await store.close()
  }
}

/** The address of each NIC that must be held, and undefined for one that must not; one between the two is in neither. */
function acknowledged(output: string): Map<string, string | undefined> {
  const said = new Map<string, string | undefined>()
  for (const line of output.split("\n").slice(0, -1)) {
    const [word, id = "", address] = line.split(" ")
    if (word === "freeing") said.delete(id)
    else said.set(id, word === "claimed" ? address : undefined)
  }
  return said
}

describe("several processes on one SQLite store", () => {
  it("gives 20 processes that start at once on no file 20 addresses", async () => {
    const children = Array.from({ length: 20 }, (_, number) => start("claim", `nic-${number}`))
    const outputs = await Promise.all(children.map(({ output }) => output))
    expect(await Promise.all(children.map(({ errors }) => errors))).toEqual(children.map(() => ""))
    const said = acknowledged(outputs.join(""))
    const held = await heldNics()
    expect(new Set(held.map(({ ipv6 }) => ipv6)).size).toBe(20)
    expect(new Map(held.map(({ id, ipv6 }) => [id, ipv6]))).toEqual(said)
  })

  it("loses and doubles nothing that was acknowledged when processes are killed at any moment", async () => {
    const rounds = 10
    const said = new Map<string, string | undefined>()
    for (let round = 0; round < rounds; round++) {
      const children = ["a", "b"].map((name) => start("churn", `${name}${round}`))
      await Promise.all(children.map(({ child }) => once(child.stdout, "data")))
      await sleep(Math.random() * 200)
      for (const { child } of children) child.kill("SIGKILL")
      await Promise.all(children.map(({ exit }) => exit))
      for (const { output, errors } of children) {
        expect(await errors).toBe("")
        for (const [id, address] of acknowledged(await output)) said.set(id, address)
      }
      const held = new Map((await heldNics()).map(({ id, ipv6 }) => [id, ipv6]))
      expect(new Set(held.values()).size).toBe(held.size)
      const wrong = [...said].filter(([id, address]) => held.get(id) !== address)
      expect(wrong).toEqual([])
      // No more than the one call that each child had not yet acknowledged.
      const kept = [...said.values()].filter((address) => address !== undefined)
      expect(held.size - kept.length).toBeLessThanOrEqual(2 * (round + 1))
    }
    const database = new DatabaseSync(file)
    expect(database.prepare("PRAGMA integrity_check").get()).toEqual({ integrity_check: "ok" })
    expect(database.prepare("PRAGMA foreign_key_check").all()).toEqual([])
    database.close()
    console.log(
      `${rounds} rounds, 2 processes killed in each: ${said.size} claims acknowledged, none lost, none doubled`,
    )
  })
})
