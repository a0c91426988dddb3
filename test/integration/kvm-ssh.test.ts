import { type ChildProcess, execFileSync, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { connect, createServer } from "node:net"
import { join } from "node:path"
import { setTimeout as delay } from "node:timers/promises"
import { newCall } from "@slash64/core"
import { type KvmConfig, connectHost, parseKvmConfig } from "@slash64/kvm"
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest"
import { type KvmGround, startKvmGround } from "./kvm-ground.ts"

let ground: KvmGround
let sshd: Sshd
let config: KvmConfig
const call = (timeoutMs = 60_000) => newCall({ timeoutMs })
const refusal = (code: string, more = {}) => expect.objectContaining({ code, ...more })

beforeAll(async () => {
  ground = await startKvmGround()
  sshd = await startSshd()
  const socket = encodeURIComponent(ground.libvirtd.socket)
  config = parseKvmConfig({
    ...ground.config,
    uri: `qemu+ssh://root@127.0.0.1:${sshd.port}/system?socket=${socket}`,
    hostKey: sshd.hostKey,
    privateKey: `file:${sshd.userKey}`,
  })
})
afterAll(async () => {
  await sshd.stop()
  await ground.stop()
})

describe("a host over qemu+ssh", () => {
  it("carries libvirt, programs and the routers' streams over one connection", async () => {
    const host = await connectHost(config, call())
    expect((await host.describeHost(call())).capabilities.attachments).toContain("bridge")
    const absent = { id: "ssh-absent", attachment: { kind: "bridge", bridge: "it's; id" }, mtu: 1500 } as const
    await expect(host.ensureNetwork(absent, call())).rejects.toThrow(refusal("INVALID_ARGUMENT"))
    const missing = { ...absent, attachment: { kind: "bridge", bridge: "s64-no-such" } } as const
    await expect(host.ensureNetwork(missing, call())).rejects.toThrow(refusal("NOT_FOUND"))

    await host.ensureNetwork({ id: "ssh-net", attachment: { kind: "isolated" }, mtu: 1500 }, call())
    const vmId = ground.defineHalted()
    const nic = {
      id: "ssh-nic",
      vmId,
      networkId: "ssh-net",
      mac: "02:00:5e:12:00:01",
      addresses: [],
      portSecurity: false,
    }
    expect(await host.attachNic(nic, call())).toMatchObject({ live: false, persistent: true })
    await host.detachNic(nic, call())

    await host.ensureTemplate(ground.template, call())
    const address = ground.config.control.range.replace("::/64", "::77")
    const seed = Buffer.alloc(512).toString("base64")
    const nics = [{ networkId: "ssh-net", mac: "02:00:5e:12:00:02" }]
    const { digest: templateDigest } = ground.template
    const router = {
      id: "ssh-router",
      templateDigest,
      vcpus: 1,
      memoryMiB: 64,
      seed,
      controlMac: "02:00:5e:12:00:03",
      nics,
    }
    await host.ensureRouter({ ...router, controlAddress: `${address}/64` }, call())
    await expect(host.openRouterStream("ssh-router", call())).rejects.toThrow(refusal("UNAVAILABLE"))
    // The host answers in the place of the router, whose template boots nothing.
    ip("-6", "address", "add", `${address}/128`, "dev", "lo", "nodad")
    const listener = createServer((socket) => socket.end("hello")).listen(22, address)
    await once(listener, "listening")
    const stream = await host.openRouterStream("ssh-router", call())
    expect(String((await once(stream, "data"))[0])).toBe("hello")
    stream.destroy()
    listener.close()
    ip("-6", "address", "delete", `${address}/128`, "dev", "lo")

    expect(sshd.connections()).toBe(1)
    await host.removeRouter("ssh-router", call())
    await host.removeNetwork("ssh-net", call())
    await host.close()
  })

  it("is reached again after sshd cut the connection", async () => {
    const host = await connectHost(config, call())
    sshd.cut()
    const networks = await vi.waitFor(() => host.listNetworks(call()), { timeout: 10_000 })
    expect(networks).toEqual([])
    await host.close()
  })

  it("refuses a host key that is not the pinned one", async () => {
    const wrong = { ...config, hostKey: readFileSync(`${sshd.userKey}.pub`, "utf8").trim() }
    await expect(connectHost(wrong, call())).rejects.toThrow(refusal("UNAUTHENTICATED", { field: "hostKey" }))
  })

  it("says that the host refuses the key, and shows no byte of it", async () => {
    const secret = readFileSync(sshd.strangerKey, "utf8")
    const wrong = { ...config, privateKey: `file:${sshd.strangerKey}` }
    const error: unknown = await connectHost(wrong, call()).catch((reason: unknown) => reason)
    expect(error).toEqual(refusal("UNAUTHENTICATED", { field: "privateKey" }))
    expect(JSON.stringify(error) + String(error)).not.toContain(secret.split("\n")[2])
  })

  it.each(["env:SLASH64_NO_SUCH_VARIABLE", "file:/nonexistent/key"])(
    "names the reference %s that leads nowhere",
    async (privateKey) => {
      await expect(connectHost({ ...config, privateKey }, call())).rejects.toThrow(
        refusal("INVALID_ARGUMENT", { field: "privateKey", value: privateKey }),
      )
    },
  )

  it("is UNAVAILABLE where no sshd listens, and where no libvirtd does", async () => {
    const nobody = { ...config, uri: `qemu+ssh://root@127.0.0.1:${await freePort()}/system` }
    await expect(connectHost(nobody, call())).rejects.toThrow(refusal("UNAVAILABLE", { field: "uri" }))
    const noLibvirt = { ...config, uri: `qemu+ssh://root@127.0.0.1:${sshd.port}/system?socket=/nonexistent` }
    await expect(connectHost(noLibvirt, call())).rejects.toThrow(refusal("UNAVAILABLE"))
  })
})

interface Sshd {
  readonly port: number
  readonly hostKey: string
  readonly userKey: string
  readonly strangerKey: string
  /** How many logins there were. */
  connections(): number
  /** Ends every connection, not the listener. */
  cut(): void
  stop(): Promise<void>
}

async function startSshd(): Promise<Sshd> {
  const dir = mkdtempSync("/tmp/slash64-sshd-")
  const key = (name: string): string => {
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(dir, name)])
    return join(dir, name)
  }
  const [hostKey, userKey, strangerKey] = [key("host"), key("user"), key("stranger")]
  const port = await freePort()
  mkdirSync("/run/sshd", { recursive: true, mode: 0o755 })
  const log = join(dir, "log")
  const lines = [
    `ListenAddress 127.0.0.1:${port}`,
    `HostKey ${hostKey}`,
    `AuthorizedKeysFile ${userKey}.pub`,
    "StrictModes no",
    "PermitRootLogin prohibit-password",
    "PasswordAuthentication no",
    "UsePAM no",
    `PidFile ${dir}/pid`,
  ]
  writeFileSync(join(dir, "config"), `${lines.join("\n")}\n`)
  const daemon: ChildProcess = spawn("/usr/sbin/sshd", ["-D", "-f", join(dir, "config"), "-E", log], {
    stdio: "ignore",
  })
  await untilListening(port)
  return {
    port,
    hostKey: readFileSync(`${hostKey}.pub`, "utf8").trim(),
    userKey,
    strangerKey,
    connections: () => readFileSync(log, "utf8").split("Accepted publickey").length - 1,
    cut: () => {
      const children = readFileSync(`/proc/${daemon.pid}/task/${daemon.pid}/children`, "utf8").trim().split(" ")
      for (const pid of children) process.kill(Number(pid), "SIGKILL")
    },
    async stop() {
      daemon.kill()
      await once(daemon, "exit")
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1")
  await once(server, "listening")
  const address = server.address()
  server.close()
  if (address === null || typeof address === "string") throw new Error("no port is free")
  return address.port
}

async function untilListening(port: number): Promise<void> {
  for (let left = 100; left > 0; left--) {
    const socket = connect(port, "127.0.0.1")
    const answered = await once(socket, "connect").then(
      () => true,
      () => false,
    )
    socket.destroy()
    if (answered) return
    await delay(100)
  }
  throw new Error(`sshd does not listen on port ${port}`)
}

function ip(...args: readonly string[]): void {
  execFileSync("ip", args)
}
