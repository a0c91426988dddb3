import { execFile, spawn } from "node:child_process"
import type { ChildProcess } from "node:child_process"
import { once } from "node:events"
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { basename, join } from "node:path"
import { setTimeout as delay } from "node:timers/promises"
import { promisify } from "node:util"
import { Steps, connectGuestAgent, guestDomainXml, openGuestImage, openTemplate, waitForGuest } from "@slash64/tool-lab"
import type { GuestAgent } from "@slash64/tool-lab"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { startKvmGround } from "../integration/kvm-ground.ts"
import type { KvmGround } from "../integration/kvm-ground.ts"

const run = promisify(execFile)
const root = join(import.meta.dirname, "../..")
const main = join(root, "packages/cli/src/main.ts")
/** No other test on this machine has a network of this name. */
const network = `curl-${process.pid}`

describe("the curl script of README.md on a libvirtd, with a router VM and a guest that boot", () => {
  const signal = new AbortController().signal
  let ground: KvmGround
  let agent: GuestAgent
  let serve: ChildProcess
  let socket: string
  let script: string

  beforeAll(async () => {
    ground = await startKvmGround()
    const env = { ...process.env, XDG_STATE_HOME: join(ground.dir, "state") }
    const template = await openTemplate(new Steps(() => {}), signal)
    const manifest = join(ground.dir, "manifest.json")
    const file = basename(template.file)
    copyFileSync(template.file, join(ground.dir, file))
    writeFileSync(manifest, JSON.stringify({ ...template, file, format: "qcow2" }))
    await run(process.execPath, [main, "template", "register", manifest], { env })
    script = scriptFor(ground)
    agent = await bootGuest(ground, /"vmId": "([^"]+)"/.exec(script)?.[1] ?? "", signal)
    socket = join(ground.dir, "state/slash64/serve.sock")
    serve = spawn(process.execPath, [main, "serve", "--every", "5"], { env, stdio: "ignore" })
    while (!existsSync(socket)) await delay(100)
  })

  afterAll(async () => {
    if (serve?.exitCode === null) {
      for (const path of [`nics/web1-0`, `networks/${network}`]) await curl(`/v1/${path}`, "--request", "DELETE")
      serve.kill("SIGTERM")
      await once(serve, "exit")
    }
    await ground?.stop()
  })

  it("carries a network from nothing to the address that the guest shows", async () => {
    const begun = performance.now()
    // On a slow machine a router may boot for longer than an answer waits; the script is repeated, as any request may be.
    let answers = await runScript()
    while (answers.some(({ state }) => state === "running" || state === "failed")) answers = await runScript()
    expect(answers.map(({ state }) => state)).toEqual([
      undefined,
      undefined,
      "succeeded",
      undefined,
      "succeeded",
      undefined,
    ])
    const nic = await until(async () => {
      const { nic: record, leases, observed, problems } = JSON.parse(await curl("/v1/nics/web1-0/observed"))
      return observed?.addresses?.includes(record.ipv6) && problems.length === 0 && leases.length === 1
        ? record
        : undefined
    })
    expect(nic.ipv6).toMatch(/^2001:db8:0:1:/)
    process.stdout.write(`from nothing to ${nic.ipv6} in the guest: ${Math.round(performance.now() - begun)} ms\n`)
  })

  it("shows at / what the guest made itself beside what it was given", async () => {
    const own = "2001:db8:0:1::bad"
    const { nic, observed } = JSON.parse(await curl("/v1/nics/web1-0/observed"))
    expect(await curl("/")).not.toContain("not assigned")
    await agent.run("/bin/ip", "-6", "addr", "add", `${own}/64`, "dev", observed.device)
    const page = await until(async () => {
      const text = await curl("/")
      return text.includes("not assigned") ? text : undefined
    })
    expect(page).toContain(`<code>${own}</code> <strong class="wrong">not assigned</strong>`)
    expect(page).toContain(`<code>${nic.ipv6}</code> until`)
    expect(page).toContain("What is wrong (1)")
  })

  async function runScript(): Promise<readonly { readonly state?: string }[]> {
    const { stdout } = await run("sh", ["-euc", script])
    return stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line))
  }

  async function curl(path: string, ...options: readonly string[]): Promise<string> {
    const wait = ["--header", "prefer: wait=60"]
    return (await run("curl", ["--silent", "--unix-socket", socket, ...wait, ...options, `http://localhost${path}`]))
      .stdout
  }
})

/** The script as README.md has it, for this libvirtd and a server that runs already. */
function scriptFor({ dir, config }: KvmGround): string {
  const blocks = [...readFileSync(join(root, "README.md"), "utf8").matchAll(/^```sh\n(.*?)^```$/gms)]
  const text = blocks.map(([, block = ""]) => block).find((block) => block.includes("api()")) ?? ""
  const script = text
    .replace(/^slash64 template build .*\nslash64 serve &\n/, "")
    .replace("~/.local/state", join(dir, "state"))
    .replace('{"uri": "qemu:///system"}', JSON.stringify(config))
    .replaceAll("networks/blue", `networks/${network}`)
    .replace('"network": "blue"', `"network": "${network}"`)
  expect(script).not.toMatch(/^slash64|qemu:\/\/\/system"|\.local|blue/m)
  return script
}

/** The lab's guest, under the UUID that the script names, with no NIC yet. */
async function bootGuest(ground: KvmGround, uuid: string, signal: AbortSignal): Promise<GuestAgent> {
  const { dir, libvirtd } = ground
  const folder = join(dir, "guest")
  mkdirSync(folder)
  const image = await openGuestImage(signal)
  const placed = { kernel: join(folder, "vmlinuz"), initramfs: join(folder, "initramfs") }
  copyFileSync(image.kernel, placed.kernel)
  copyFileSync(image.initramfs, placed.initramfs)
  const consoleLog = "/var/log/libvirt/web1.log"
  const file = join(folder, "web1.xml")
  writeFileSync(file, guestDomainXml({ ...placed, uuid, name: "web1", lab: dir, accel: "tcg", consoleLog }))
  ground.virsh("define", file)
  ground.virsh("start", "web1")
  const agent = connectGuestAgent(libvirtd.uri, "web1", signal)
  await waitForGuest(agent, join(dir, "log/web1.log"), 300_000)
  return agent
}

/** The test's own deadline ends it. */
async function until<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const seen = await look()
    if (seen !== undefined) return seen
    await delay(500)
  }
}
