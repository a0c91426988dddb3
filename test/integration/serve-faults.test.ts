import { existsSync } from "node:fs"
import { join } from "node:path"
import type { Duplex } from "node:stream"
import { setTimeout as delay } from "node:timers/promises"
import { Slash64Error, openSecretFile, openSqliteStore } from "@slash64/core"
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { startCliLab, web1 } from "../cli/cli-lab.ts"
import type { CliAnswer, CliLab } from "../cli/cli-lab.ts"

const day = 86_400_000

describe("slash64 serve heals by itself, and its log says what and when", () => {
  let lab: CliLab
  let log = ""
  let interrupt: AbortController
  let ended: Promise<CliAnswer>
  let clockAhead = 0

  beforeEach(async () => {
    log = ""
    clockAhead = 0
    const now = Date.now.bind(Date)
    vi.spyOn(Date, "now").mockImplementation(() => now() + clockAhead)
    lab = await startCliLab()
    await lab.prepare()
    interrupt = new AbortController()
    const onStderr = (text: string): void => {
      log += text
    }
    ended = lab.run(["serve", "--every", "1"], { signal: interrupt.signal, onStderr })
    await until(() => log.includes("listening") && existsSync(join(lab.folder, "state/slash64/serve.sock")))
    await lab.json(["nic", "attach", "blue", "web1", "--host", "lab"])
  })

  afterEach(async () => {
    interrupt.abort()
    await ended
    await lab.close()
    vi.restoreAllMocks()
  })

  it("a router whose VM was killed runs again", async () => {
    for (const router of lab.hypervisor.routers.values()) Object.assign(router, { running: false })
    const line = await logged(/"why":"its VM is halted","msg":"mended"/)
    expect(line).toMatchObject({ kind: "start-router", host: "lab" })
    expect([...lab.hypervisor.routers.values()].map(({ running }) => running)).toEqual([true])
  })

  it("a router is reached again when its SSH was cut, and what was changed on it meanwhile is put right", async () => {
    const open = lab.hypervisor.openRouter
    const streams: Duplex[] = []
    let isCut = false
    lab.hypervisor.openRouter = (...asked) => {
      if (isCut) throw new Slash64Error("UNAVAILABLE", "the link is down")
      const stream = open?.(...asked)
      if (stream === undefined) throw new Error("the lab has a router")
      streams.push(stream)
      return stream
    }
    // Those who have a connection lose it; the next one is one of `streams`.
    interrupt.abort()
    await ended
    interrupt = new AbortController()
    ended = lab.run(["serve", "--every", "1"], { signal: interrupt.signal, onStderr: (text) => (log += text) })
    await until(() => streams.length > 0)
    isCut = true
    for (const stream of streams) stream.destroy()
    const told = await logged(/"subject":"router of blue".*"msg":"this needs a person"/)
    expect(told["problem"]).toMatch(/the link is down|the connection was closed/)
    lab.router.files.set("dnsmasq.conf", "somebody wrote this")
    isCut = false
    await logged(/"msg":"no problem any more"/)
    const mended = await logged(/"kind":"push-router".*"msg":"mended"/)
    expect(mended["why"]).toBe("somebody changed dnsmasq.conf")
    expect(lab.router.files.get("dnsmasq.conf")).not.toContain("somebody")
  })

  it("a clock that jumps on and back keeps nobody out", async () => {
    clockAhead = day
    expect(await logged(/the clock of this machine jumped/)).toMatchObject({
      jumpedMs: expect.toSatisfy((ms: number) => Math.abs(ms - day) < 60_000),
    })
    // A process that died in a push, by the clock of tomorrow.
    const state = join(lab.folder, "state/slash64")
    const secret = openSecretFile(join(state, "secret"))
    const store = await openSqliteStore({ file: join(state, "slash64.db"), secret })
    await store.takeConvergeLease("blue", "dead", 10_000)
    await store.close()
    clockAhead = -day
    await lab.json(["nic", "detach", await nicId()])
    await lab.json(["nic", "attach", "blue", "web1", "--host", "lab"])
    expect(await logged(/"jumpedMs":-/)).toMatchObject({
      jumpedMs: expect.toSatisfy((ms: number) => Math.abs(ms + 2 * day) < 60_000),
    })
    expect(lab.router.reservations).toHaveLength(1)
    expect(await lab.json(["plan"])).toMatchObject({ steps: [], problems: [] })
  })

  async function nicId(): Promise<string> {
    const [nic] = Object(await lab.json(["nic", "list", "--vm", web1])).nics
    return nic.id
  }

  /** The first line of the log that is so, as it comes: what, and when. */
  async function logged(pattern: RegExp): Promise<Readonly<Record<string, unknown>>> {
    let line: string | undefined
    await until(() => (line = log.split("\n").find((one) => pattern.test(one))) !== undefined)
    const fields = JSON.parse(line ?? "")
    expect(fields).toMatchObject({ time: expect.any(Number) })
    return fields
  }
})

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await delay(20)
}
