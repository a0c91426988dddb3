import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { basename, dirname, join } from "node:path"
import { text } from "node:stream/consumers"
import { setTimeout as delay } from "node:timers/promises"
import { newCall } from "@slash64/core"
import { kvmPlugin } from "@slash64/kvm"
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest"
import { z } from "zod"
import { type KvmGround, startKvmGround } from "./kvm-ground.ts"

const answerShape = z.object({
  passed: z.number(),
  failed: z.number(),
  leftovers: z.number(),
  checks: z.array(z.object({ check: z.string(), result: z.string(), reason: z.string().optional() })),
})

/** Several processes on a libvirtd, on a busy machine too. */
const patienceMs = 300_000

describe("slash64 conformance on a libvirtd", { timeout: patienceMs }, () => {
  let ground: KvmGround
  let state: string
  let haltedVm: string
  const started: ChildProcess[] = []

  beforeAll(async () => {
    ground = await startKvmGround()
    state = mkdtempSync(join(tmpdir(), "slash64-cli-conformance-"))
    haltedVm = ground.defineHalted("web2")
    const { file, ...template } = ground.template
    const manifest = join(dirname(file), "manifest.json")
    writeFileSync(manifest, JSON.stringify({ ...template, file: basename(file) }))
    await json("template", "register", manifest)
    const { uri, storage, control } = ground.config
    await json("host", "add", "lab", "--kvm", uri, "--storage", storage, "--control-range", control.range)
  })

  afterEach(() => {
    for (const child of started.splice(0)) child.kill("SIGKILL")
  })

  afterAll(async () => {
    await ground.stop()
    rmSync(state, { recursive: true })
  })

  it("passes, and leaves the host as it was", async () => {
    const before = await ground.foreign()
    const answer = answerShape.parse(
      await json("conformance", "--halted-vm", "web2", "--no-boot", "--only", "once and twice"),
    )
    expect(answer.checks.filter(({ result }) => result === "failed")).toEqual([])
    expect(answer.passed).toBeGreaterThan(3)
    expect(answer.checks.find(({ check }) => check.startsWith("ensureRouter: once"))?.result).toBe("passed")
    const left = answer.checks.filter(({ result }) => result === "left out")
    expect(new Set(left.map(({ reason }) => reason))).toContain("no running VM was named")
    expect(await ground.foreign()).toEqual(before)
    expect(await ours()).toEqual([])
  })

  it("takes away what it made when it is interrupted, and what it left when it was killed", async () => {
    let left: readonly string[] = []
    // It may have taken away what was seen in the moment before it is killed.
    while (left.length === 0) {
      const killed = start("conformance", "--halted-vm", "web2", "--only", "attachNic")
      await untilThere()
      killed.child.kill("SIGKILL")
      await killed.ended
      left = await ours()
    }

    const interrupted = start("conformance", "--halted-vm", haltedVm, "--only", "attachNic")
    while ((await ours()).some((id) => left.includes(id))) await delay(50)
    await untilThere()
    interrupted.child.kill("SIGINT")
    expect(await interrupted.ended).toMatchObject({ exitCode: 130, stderr: expect.stringContaining("Repeat") })
    expect(await ours()).toEqual([])
  })

  async function untilThere(): Promise<void> {
    while ((await ours()).length === 0) await delay(50)
  }

  /** What bears slash64's mark on the host, with its NICs. */
  async function ours(): Promise<readonly string[]> {
    const call = newCall({ timeoutMs: 60_000 })
    const host = await kvmPlugin.connect(kvmPlugin.parseConfig(ground.config), call)
    try {
      const lists = await Promise.all([host.listNetworks(call), host.listNics(call), host.listRouters(call)])
      return lists.flat().map(({ id }) => id)
    } finally {
      await host.close()
    }
  }

  async function json(...args: readonly string[]): Promise<unknown> {
    const { exitCode, stdout, stderr } = await start(...args, "--json").ended
    if (exitCode !== 0) throw new Error(`exit code ${String(exitCode)}: ${stdout}${stderr}`)
    return JSON.parse(stdout)
  }

  function start(...args: readonly string[]) {
    const program = join(import.meta.dirname, "../../packages/cli/src/main.ts")
    const child = spawn(process.execPath, [program, ...args], {
      env: { ...process.env, XDG_STATE_HOME: state },
      stdio: ["ignore", "pipe", "pipe"],
    })
    started.push(child)
    const read = Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")])
    return { child, ended: read.then(([stdout, stderr, [exitCode]]) => ({ exitCode, stdout, stderr })) }
  }
})
