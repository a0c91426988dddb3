import { spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { text } from "node:stream/consumers"
import { setTimeout as sleep } from "node:timers/promises"
import { openPostgresStore } from "@slash64/store-postgres"
import { startPostgres } from "@slash64/tool-lab"
import type { OwnPostgres } from "@slash64/tool-lab"
import { afterAll, beforeAll, describe, expect, it } from "vitest"

let server: OwnPostgres
let url: string
let schemas = 0

beforeAll(async () => {
  server = await startPostgres()
})
afterAll(() => server.remove())

/** `args`: count, range and policy of postgres-child.ts, in a new schema. */
async function start(names: readonly string[], ...args: readonly string[]) {
  url = await server.openSchema(`processes${++schemas}`)
  return names.map((name) => {
    const child = spawn(process.execPath, [join(import.meta.dirname, "postgres-child.ts"), url, name, ...args], {
      stdio: ["ignore", "pipe", "inherit"],
    })
    const running = { isRunning: true }
    const exit = once(child, "exit").finally(() => (running.isRunning = false))
    return { output: text(child.stdout), begun: once(child.stdout, "data"), exit, running }
  })
}

/** What was said of each NIC: its address, or a code. */
function answersIn(outputs: readonly string[]): Map<string, string> {
  const lines = outputs.flatMap((output) => output.split("\n").filter((line) => line.includes(" ")))
  return new Map(lines.map((line) => [line.split(" ")[1] ?? "", line.split(" ")[0] ?? ""]))
}

async function heldAddresses(): Promise<Map<string, string>> {
  const store = await openPostgresStore({ url, secret: new Uint8Array(32) })
  try {
    return new Map((await store.listNics()).map(({ id, ipv6 }) => [id, ipv6 ?? "none"]))
  } finally {
    await store.close()
  }
}

describe("several processes on one store in PostgreSQL", () => {
  it("loses and doubles nothing when the server is cut off and started again in the middle", async () => {
    const count = 1000
    const children = await start(["a", "b"], String(count))
    await Promise.all(children.map(({ begun }) => begun))
    let restarts = 0
    while (restarts < 10 && children.some(({ running }) => running.isRunning)) {
      await sleep(Math.random() * 400)
      await server.stop("immediate")
      await server.start()
      restarts++
    }
    expect(await Promise.all(children.map(({ exit }) => exit))).toEqual(children.map(() => [0, null]))
    const said = answersIn(await Promise.all(children.map(({ output }) => output)))
    const held = await heldAddresses()
    expect(restarts).toBeGreaterThan(1)
    expect(said.size).toBe(2 * count)
    expect(held).toEqual(said)
    expect(new Set(held.values()).size).toBe(2 * count)
    console.log(`${restarts} restarts in the middle: ${said.size} claims acknowledged, none lost, none doubled`)
  })

  it.for(["stable", "sequential", "random"])(
    "gives each of 40 addresses to one NIC when four processes ask for 60: %s",
    async (policy) => {
      const children = await start(["a", "b", "c", "d"], "15", "2001:db8::1-2001:db8::2a", policy)
      const said = answersIn(await Promise.all(children.map(({ output }) => output)))
      const held = await heldAddresses()
      expect([...said.values()].filter((answer) => answer === "RESOURCE_EXHAUSTED")).toHaveLength(20)
      expect(new Set(held.values()).size).toBe(40)
      expect(held).toEqual(new Map([...said].filter(([, answer]) => answer !== "RESOURCE_EXHAUSTED")))
    },
  )
})
