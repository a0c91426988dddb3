import { execFileSync, spawn } from "node:child_process"
import { readFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import { afterAll, describe, expect, it } from "vitest"
import { z } from "zod"
import { askControl } from "@slash64/tool-lab"
import { linkExists } from "./lab-command.ts"
import { callRaw } from "./xapi-client.ts"

const main = join(import.meta.dirname, "../../tools/xapi-lab-host/src/main.ts")
const directory = `/tmp/xapi-${process.pid}`
const shownPool = z.object({
  urls: z.tuple([z.string(), z.string()]),
  certificates: z.tuple([z.string(), z.string()]),
  user: z.string(),
  passwordFile: z.string(),
  ssh: z.array(z.object({ address: z.string(), port: z.number(), hostKey: z.string() })),
  identity: z.string(),
  links: z.array(z.string()),
})

afterAll(() => {
  run("power-off")
  rmSync(directory, { recursive: true })
})

function run(...words: readonly string[]): string {
  return execFileSync(process.execPath, [main, ...words, "--dir", directory], { encoding: "utf8", stdio: "pipe" })
}

/** A pool of two in the foreground, once it has said how it is reached. */
async function start(): Promise<{ readonly said: string; end(): Promise<number | null> }> {
  const child = spawn(process.execPath, [main, "start", "--hosts", "2", "--dir", directory], {
    stdio: ["ignore", "pipe", "inherit"],
  })
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve))
  let said = ""
  const heard = new Promise<void>((resolve) => {
    child.stdout.on("data", (chunk: Buffer) => {
      said += chunk.toString()
      if (/^control .*\n/m.test(said)) resolve()
    })
  })
  await Promise.race([heard, ended])
  return {
    said,
    end() {
      child.kill("SIGTERM")
      return ended
    },
  }
}

type Shown = z.infer<typeof shownPool>

async function show(): Promise<Shown> {
  return shownPool.parse(await askControl(join(directory, "control"), "show", {}))
}

function logIn({ user, passwordFile }: Shown, url: string) {
  const certificate = url.includes("127.0.0.2") ? "host-2" : "host-1"
  const ca = readFileSync(join(directory, "xapi", certificate, "host.pem"), "utf8")
  return callRaw(url, "session.login_with_password", [user, readFileSync(passwordFile, "utf8").trim()], ca)
}

function ssh({ ssh: doors, identity }: Shown, index: number, ...words: readonly string[]): string {
  const door = doors[index]
  const known = join(directory, "known_hosts")
  execFileSync("tee", [known], { input: `[${door?.address}]:${door?.port} ${door?.hostKey}\n` })
  const options = ["-i", identity, "-p", String(door?.port), "-o", `UserKnownHostsFile=${known}`, "-o", "BatchMode=yes"]
  return execFileSync("ssh", [...options, `root@${door?.address}`, ...words], { encoding: "utf8" })
}

describe("the lab host as a program", () => {
  it("says how it is reached, takes faults, keeps its state over a restart, and leaves nothing that runs", async () => {
    const first = await start()
    const shown = await show()
    for (const word of [...shown.urls, ...shown.certificates, shown.passwordFile]) expect(first.said).toContain(word)
    expect(await logIn(shown, shown.urls[0])).toHaveProperty("result")
    expect(await logIn(shown, shown.urls[1])).toMatchObject({
      error: { message: "HOST_IS_SLAVE", data: ["127.0.0.1"] },
    })
    expect(() => run("start")).toThrow(/a lab host runs already|has 2 host/)
    expect(() => run("ask", "become-master", '{"host":"host-9"}')).toThrow("no host host-9; there are host-1, host-2")
    expect(() => run("ask", "disturb", '{"call":"VM.start","disturbance":{"kind":"explode"}}')).toThrow(/discriminator/)
    run("ask", "disturb", '{"call":"session.login_with_password","disturbance":{"kind":"become-slave"}}')
    expect(await logIn(shown, shown.urls[0])).toMatchObject({
      error: { message: "HOST_IS_SLAVE", data: ["127.0.0.2"] },
    })

    // Each SSH server is in the network of its own host.
    for (const index of [0, 1]) {
      const links = ssh(shown, index, "ip", "-br", "link")
      for (const name of ["eth0@", "eth1@", "xenbr0 ", "xenbr1 "]) expect(links).toContain(name)
      for (const name of shown.links) expect(links).not.toContain(name)
    }

    expect(shown.links.filter(linkExists)).toHaveLength(6)
    expect(await first.end()).toBe(0)
    const second = await start()
    expect(await show()).toEqual(shown)
    expect(await logIn(shown, shown.urls[1])).toHaveProperty("result")

    run("power-off")
    expect(await second.end()).toBe(0)
    run("power-off")
    expect(shown.links.filter(linkExists)).toEqual([])
    expect(execFileSync("ps", ["-eo", "args"], { encoding: "utf8" })).not.toContain(`${directory}/`)
  })
})
