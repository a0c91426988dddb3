import { spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { text } from "node:stream/consumers"
import { openSecretFile, openSqliteStore, routerIdFor } from "@slash64/core"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { startCliLab } from "../cli/cli-lab.ts"
import type { CliLab } from "../cli/cli-lab.ts"

const vms = Array.from({ length: 20 }, (_, index) => ({
  id: `00000000-0000-4000-8000-0000000000${String(index).padStart(2, "0")}`,
  name: `vm${index}`,
  running: true,
  persistent: true,
}))

describe("slash64 as processes of its own", () => {
  let lab: CliLab

  beforeEach(async () => {
    lab = await startCliLab()
    await lab.prepare()
  })

  afterEach(() => lab.close())

  it("20 `nic attach` at once leave 20 reservations", async () => {
    const ended = await Promise.all(vms.map(({ name }) => start("nic", "attach", "blue", name, "--json").ended))
    expect(ended.filter(({ exitCode }) => exitCode !== 0)).toEqual([])

    const addresses = ended.map(({ stdout }) => JSON.parse(stdout).nic.ipv6)
    expect(new Set(addresses).size).toBe(20)
    expect(lab.router.reservations).toHaveLength(20)
    for (const address of addresses) {
      expect(lab.router.reservations.filter((line) => line.includes(`[${address}]`))).toHaveLength(1)
    }
    expect(lab.router.revision).toBe(await revision())
    expect(await lab.json(["nic", "list"])).toMatchObject({ nics: vms.map(() => ({ state: "attached" })) })
  })

  it("Ctrl-C ends it with 130 and says what to repeat", async () => {
    lab.router.faults.hang = true
    const before = lab.router.commands.length
    const slash64 = start("nic", "attach", "blue", "vm0")
    while (lab.router.commands.length === before && slash64.isRunning()) await tick()
    slash64.interrupt()
    const { exitCode, stderr } = await slash64.ended
    expect(exitCode).toBe(130)
    expect(stderr).toContain("slash64 nic attach blue vm0")
  })

  async function revision(): Promise<number | undefined> {
    const folder = join(lab.folder, "state/slash64")
    const secret = openSecretFile(join(folder, "secret"))
    const store = await openSqliteStore({ file: join(folder, "slash64.db"), secret })
    try {
      return (await store.readNetwork("blue"))?.revision
    } finally {
      await store.close()
    }
  }

  function start(...args: readonly string[]): Started {
    const child = spawn(process.execPath, [join(import.meta.dirname, "../cli/slash64-process.ts"), ...args], {
      env: {
        ...process.env,
        XDG_STATE_HOME: join(lab.folder, "state"),
        SLASH64_TEST: JSON.stringify({ port: lab.routerPort, routerId: routerIdFor("blue"), vms }),
      },
      stdio: ["ignore", "pipe", "pipe"],
    })
    const read = Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")])
    return {
      ended: read.then(([stdout, stderr, [exitCode]]) => ({ exitCode, stdout, stderr })),
      interrupt: () => child.kill("SIGINT"),
      isRunning: () => child.exitCode === null,
    }
  }
})

interface Started {
  readonly ended: Promise<{ readonly exitCode: unknown; readonly stdout: string; readonly stderr: string }>
  readonly interrupt: () => void
  readonly isRunning: () => boolean
}

function tick(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, 20)
  })
}
