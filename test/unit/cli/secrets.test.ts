import { readFileSync, readdirSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { startCliLab } from "../../cli/cli-lab.ts"
import type { CliAnswer, CliLab } from "../../cli/cli-lab.ts"

const planted = "planted-secret-e7c1"

describe("secrets", () => {
  let lab: CliLab
  const answers: CliAnswer[] = []

  beforeAll(async () => {
    lab = await startCliLab()
    const key = join(lab.folder, "key")
    writeFileSync(key, planted, { mode: 0o600 })
    const env = { SLASH64_PASSWORD: planted }
    const loud = ["--log-level", "trace"]
    await lab.prepare()
    for (const args of [
      ["host", "add", "a", "--plugin", "memory", "--config", `{"password":"${planted}"}`],
      ["host", "add", "b", "--plugin", "memory", "--config", `{"password":"${planted}"`],
      ["host", "add", "c", "--kvm", "qemu+ssh://root@192.0.2.1/system", "--identity", planted],
      ["host", "add", "c", "--kvm", "qemu+ssh://root@192.0.2.1/system", "--identity", `file:${key}`, "--no-connect"],
      ["nic", "attach", "blue", "web1"],
      ["router", "push", "blue"],
      ["status"],
    ]) {
      answers.push(await lab.run([...args, ...loud], { env }), await lab.run([...args, ...loud, "--json"], { env }))
    }
  })

  afterAll(() => lab.close())

  it("are in no answer, error or log", () => {
    expect(answers.flatMap(({ stdout, stderr }) => [stdout, stderr]).filter((text) => text.includes(planted))).toEqual(
      [],
    )
    const privateKeys = filesUnder(join(lab.folder, "state")).filter((file) => file.endsWith("_ed25519"))
    expect(privateKeys).not.toEqual([])
    for (const file of privateKeys) {
      const line = readFileSync(file, "utf8").split("\n")[1] ?? ""
      expect(answers.filter(({ stdout, stderr }) => `${stdout}${stderr}`.includes(line))).toEqual([])
    }
  })

  it("are not in the database", () => {
    const database = filesUnder(join(lab.folder, "state")).filter((file) => file.includes("slash64.db"))
    expect(database).not.toEqual([])
    const secret = readFileSync(join(lab.folder, "state/slash64/secret"), "utf8").trim()
    for (const file of database) {
      const text = readFileSync(file, "latin1")
      expect([planted, "PRIVATE KEY", secret].filter((word) => text.includes(word))).toEqual([])
    }
  })

  it("lie in files and folders that nobody else may read", () => {
    const state = join(lab.folder, "state/slash64")
    const open = [state, ...filesUnder(state)].filter((path) => (statSync(path).mode & 0o077) !== 0)
    expect(open).toEqual([])
  })
})

function filesUnder(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => join(folder, name))
}
