import { execFile } from "node:child_process"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { setTimeout as delay } from "node:timers/promises"
import { promisify } from "node:util"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import type { KvmGround } from "../integration/kvm-ground.ts"
import { startServeWithGuest, type ServeWithGuest } from "./serve-with-guest.ts"

const run = promisify(execFile)
const root = join(import.meta.dirname, "../..")
/** No other test on this machine has a network of this name. */
const network = `curl-${process.pid}`

describe("the curl script of README.md on a libvirtd, with a router VM and a guest that boot", () => {
  const readme = readScript()
  let server: ServeWithGuest
  beforeAll(async () => {
    server = await startServeWithGuest(/"vmId": "([^"]+)"/.exec(readme)?.[1] ?? "")
    const { version, digest, file, format } = JSON.parse(readFileSync(server.manifest, "utf8"))
    const body = JSON.stringify({ version, file, format })
    await server.curl(`/v1/templates/${encodeURIComponent(digest)}`, "--request", "PUT", "--json", body)
  })

  afterAll(async () => {
    for (const path of ["nics/web1-0", `networks/${network}`]) await server?.curl(`/v1/${path}`, "--request", "DELETE")
    await server?.stop()
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
      const { nic: record, leases, observed, problems } = JSON.parse(await server.curl("/v1/nics/web1-0/observed"))
      return observed?.addresses?.includes(record.ipv6) && problems.length === 0 && leases.length === 1
        ? record
        : undefined
    })
    expect(nic.ipv6).toMatch(/^2001:db8:0:1:/)
    process.stdout.write(`from nothing to ${nic.ipv6} in the guest: ${Math.round(performance.now() - begun)} ms\n`)
  })

  it("shows at / what the guest made itself beside what it was given", async () => {
    const own = "2001:db8:0:1::bad"
    const { nic, observed } = JSON.parse(await server.curl("/v1/nics/web1-0/observed"))
    expect(await server.curl("/")).not.toContain("not assigned")
    await server.agent.run("/bin/ip", "-6", "addr", "add", `${own}/64`, "dev", observed.device)
    const page = await until(async () => {
      const text = await server.curl("/")
      return text.includes("not assigned") ? text : undefined
    })
    expect(page).toContain(`<code>${own}</code> <strong class="wrong">not assigned</strong>`)
    expect(page).toContain(`<code>${nic.ipv6}</code> until`)
    expect(page).toContain("What is wrong (1)")
  })

  async function runScript(): Promise<readonly { readonly state?: string }[]> {
    const { stdout } = await run("sh", ["-euc", scriptFor(readme, server.ground)])
    return stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line))
  }
})

/** As README.md has it. */
function readScript(): string {
  const blocks = [...readFileSync(join(root, "README.md"), "utf8").matchAll(/^```sh\n(.*?)^```$/gms)]
  return blocks.map(([, block = ""]) => block).find((block) => block.includes("api()")) ?? ""
}

/** For this libvirtd and a server that runs already. */
function scriptFor(readme: string, { dir, config }: KvmGround): string {
  const script = readme
    .replace(/^slash64 template build .*\nslash64 serve &\n/, "")
    .replace("~/.local/state", join(dir, "state"))
    .replace('{"uri": "qemu:///system"}', JSON.stringify(config))
    .replaceAll("networks/blue", `networks/${network}`)
    .replace('"network": "blue"', `"network": "${network}"`)
  expect(script).not.toMatch(/^slash64|qemu:\/\/\/system"|\.local|blue/m)
  return script
}

/** The test's own deadline ends it. */
async function until<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const seen = await look()
    if (seen !== undefined) return seen
    await delay(500)
  }
}
