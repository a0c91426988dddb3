import { createHash } from "node:crypto"
import { once } from "node:events"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { type Server, createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Duplex } from "node:stream"
import { type HypervisorHost, newCall } from "@slash64/core"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type OwnSshd, startOwnSshd } from "./own-sshd.ts"
import { type XenserverGround, startXenserverGround } from "./xenserver-ground.ts"

/** A real sshd stands for dom0, and what listens on port 22 of another loopback address for the router. */
const call = () => newCall({ timeoutMs: 60_000 })
const directory = mkdtempSync(join(tmpdir(), "xenserver-stream-"))
const routerAddress = "127.0.64.2"
const control = { range: "127.0.64.0/24" }
const routerId = "r-1"

let ground: XenserverGround
let dom0: OwnSshd
let router: Server

beforeAll(async () => {
  ground = await startXenserverGround()
  dom0 = await startOwnSshd(join(directory, "dom0"))
  router = createServer((socket) => socket.end("SSH-2.0-router\r\n"))
  await once(router.listen(22, routerAddress), "listening")
  const host = await ground.connect({ control })
  const file = join(directory, "template.raw")
  writeFileSync(file, Buffer.alloc(4096, "t"))
  const digest = `sha256:${createHash("sha256").update(Buffer.alloc(4096, "t")).digest("hex")}`
  await host.ensureTemplate({ digest, version: "1", file, format: "raw" }, call())
  await host.ensureRouter(
    {
      id: routerId,
      templateDigest: digest,
      vcpus: 1,
      memoryMiB: 128,
      seed: Buffer.alloc(512).toString("base64"),
      controlMac: "02:64:00:00:00:02",
      controlAddress: `${routerAddress}/24`,
      nics: [],
    },
    call(),
  )
})
afterAll(async () => {
  router.close()
  await ground.stop()
  await dom0.stop()
  rmSync(directory, { recursive: true })
})

function jump(more: Readonly<Record<string, unknown>> = {}) {
  const key = Buffer.from(dom0.hostKey.split(" ")[1] ?? "", "base64")
  const pin = `SHA256:${createHash("sha256").update(key).digest("base64").replace(/=+$/, "")}`
  return { control, ssh: { port: dom0.port, hostKeys: [pin], privateKey: `file:${dom0.identity}`, ...more } }
}

/** What the router says first. */
async function readGreeting(host: HypervisorHost): Promise<string> {
  const stream: Duplex = await host.openRouterStream(routerId, call())
  const parts: Buffer[] = []
  for await (const part of stream) parts.push(Buffer.from(part))
  return Buffer.concat(parts).toString()
}

describe("a stream to a router", () => {
  it("leads straight to its control address, or through dom0, as often as it is asked for", async () => {
    for (const config of [{ control }, jump()]) {
      const host = await ground.connect(config)
      const greetings = await Promise.all([1, 2, 3].map(() => readGreeting(host)))
      expect(greetings).toEqual(Array.from({ length: 3 }, () => "SSH-2.0-router\r\n"))
    }
  })

  it("is NOT_FOUND without the router, and UNAVAILABLE while it does not answer, either way", async () => {
    const hosts = await Promise.all([{ control }, jump()].map((config) => ground.connect(config)))
    router.close()
    for (const host of hosts) {
      await expect(host.openRouterStream("r-2", call())).rejects.toMatchObject({ code: "NOT_FOUND" })
      await expect(host.openRouterStream(routerId, call())).rejects.toMatchObject({ code: "UNAVAILABLE" })
    }
    router = createServer((socket) => socket.end("SSH-2.0-router\r\n"))
    await once(router.listen(22, routerAddress), "listening")
    for (const host of hosts) expect(await readGreeting(host)).toBe("SSH-2.0-router\r\n")
  })

  it("is refused by what is wrong on the way, with the field of the configuration", async () => {
    writeFileSync(join(directory, "other"), "no key\n", { mode: 0o600 })
    const otherPin = await ground.connect(jump({ hostKeys: [`SHA256:${"A".repeat(43)}`] }))
    await expect(otherPin.openRouterStream(routerId, call())).rejects.toMatchObject({
      code: "UNAUTHENTICATED",
      field: "ssh.hostKeys",
      value: expect.stringMatching(/^SHA256:/),
    })
    const nowhere = await ground.connect(jump({ port: 9 }))
    await expect(nowhere.openRouterStream(routerId, call())).rejects.toMatchObject({ code: "UNAVAILABLE" })
    const noKey = await ground.connect(jump({ privateKey: `file:${join(directory, "other")}` }))
    await expect(noKey.openRouterStream(routerId, call())).rejects.toMatchObject({ field: "ssh.privateKey" })
  })

  it("is opened again after dom0 has hung up", async () => {
    const host = await ground.connect(jump())
    expect(await readGreeting(host)).toBe("SSH-2.0-router\r\n")
    await dom0.stop()
    await expect(host.openRouterStream(routerId, call())).rejects.toMatchObject({ code: "UNAVAILABLE" })
  })

  it("is UNAVAILABLE when the router is halted", async () => {
    const host = await ground.connect({ control })
    const [vm] = await ground.xapi.texts("VM.get_by_name_label", `slash64 router ${routerId}`)
    await ground.xapi.call("VM.hard_shutdown", vm)
    await expect(host.openRouterStream(routerId, call())).rejects.toMatchObject({
      code: "UNAVAILABLE",
      message: expect.stringContaining("halted"),
    })
  })
})
