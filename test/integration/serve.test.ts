import { execFile, spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { connect } from "node:net"
import type { NetConnectOpts, Socket } from "node:net"
import { join } from "node:path"
import { setTimeout as delay } from "node:timers/promises"
import { promisify } from "node:util"
import { nicIdFor, routerIdFor } from "@slash64/core"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { goWholeRoad } from "../clients/generated-client.ts"
import { startCliLab, web1 } from "../cli/cli-lab.ts"
import type { CliAnswer, CliLab } from "../cli/cli-lab.ts"

const run = promisify(execFile)
const root = join(import.meta.dirname, "../..")
const nic = JSON.stringify({ network: "blue", host: "lab", vmId: web1 })

describe("slash64 serve", () => {
  let lab: CliLab
  let socket: string
  let ended: Promise<CliAnswer> | undefined
  let interrupt = new AbortController()

  beforeEach(async () => {
    lab = await startCliLab()
    socket = join(lab.folder, "state/slash64/serve.sock")
    interrupt = new AbortController()
    ended = undefined
  })

  afterEach(async () => {
    interrupt.abort()
    await ended
    await lab.close()
  })

  it("is driven by the curl script of README.md, from nothing to an address", async () => {
    await serve()
    await lab.json(["template", "register", lab.writeTemplate()])
    const blocks = [...readFileSync(join(root, "README.md"), "utf8").matchAll(/^```sh\n(.*?)^```$/gms)]
    const script = blocks.map(([, text = ""]) => text).find((text) => text.includes("api()")) ?? ""
    const here = script
      .replace(/^slash64 template build .*\nslash64 serve &\n/, "")
      .replace("~/.local/state/slash64/serve.sock", socket)
      .replace('{"plugin": "kvm", "config": {"uri": "qemu:///system"}}', '{"plugin": "memory", "config": {}}')
    expect(here).not.toMatch(/^slash64|kvm|\.local/m)
    const { stdout } = await run("sh", ["-euc", here])
    const answers = stdout
      .trim()
      .split("\n")
      .map((line): unknown => JSON.parse(line))
    expect(answers).toMatchObject([
      { name: "lab" },
      { id: "blue" },
      { state: "succeeded", result: { router: { state: "running" } } },
      { vms: [{ id: web1 }] },
      { state: "succeeded", result: { port: { live: true } } },
      { nic: { id: "web1-0", state: "attached", ipv6: expect.stringMatching(/^2001:db8:0:1:/) }, leases: [] },
    ])
    expect(lab.router.reservations).toHaveLength(1)
    expect(await lab.json(["status"])).toMatchObject({ problems: [], networks: [{ name: "blue", nics: 1 }] })
  })

  it("is driven by a client in Python that is generated from its document", async () => {
    await serve()
    const folder = join(lab.folder, "client")
    mkdirSync(folder)
    writeFileSync(join(folder, "openapi.json"), await curl("/openapi.json"))
    const manifest = lab.writeTemplate()
    const template = JSON.parse(readFileSync(manifest, "utf8"))
    writeFileSync(manifest, JSON.stringify({ ...template, file: join(lab.folder, template.file) }))
    const host = { plugin: "memory", config: {} }
    const answer = await goWholeRoad(folder, { socket, host, network: "blue", vm: "web1", manifest })
    expect(answer).toEqual({ address: expect.stringMatching(/^2001:db8:0:1:/) })
    expect(lab.hypervisor.networks.size).toBe(0)
  })

  it("is one for a database, on a socket for its owner alone, and takes both with it when it ends", async () => {
    await serve()
    expect(statSync(socket).mode & 0o777).toBe(0o600)
    const second = await lab.run(["serve", "--socket", join(lab.folder, "other.sock")])
    expect(second).toMatchObject({ exitCode: 9, stderr: expect.stringContaining("another slash64 serves from it") })
    expect(JSON.parse(await curl("/healthz"))).toEqual({ status: "ok" })
    interrupt.abort()
    expect(await ended).toMatchObject({
      exitCode: 0,
      stdout: "ended\n",
      stderr: expect.stringContaining('"msg":"ended"'),
    })
    expect(existsSync(socket)).toBe(false)
  })

  it("says where it cannot listen, and touches nothing that is there", async () => {
    const file = join(lab.folder, "file")
    writeFileSync(file, "mine")
    expect(await lab.run(["serve", "--socket", file])).toMatchObject({ exitCode: 6 })
    expect(readFileSync(file, "utf8")).toBe("mine")
    expect(await lab.run(["serve", "--socket", join(lab.folder, "x".repeat(100))])).toMatchObject({ exitCode: 2 })
    expect(await lab.run(["serve", "--listen", "127.0.0.1:0"])).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("--tls-cert is missing"),
    })
  })

  it("starts again after kill -9, over the socket and the lock that it left", async () => {
    await lab.prepare()
    const child = startProcess()
    await listening()
    expect(await lab.run(["serve"])).toMatchObject({ exitCode: 9 })
    child.kill("SIGKILL")
    await once(child, "exit")
    expect(existsSync(socket)).toBe(true)
    await serve()
    expect(JSON.parse(await curl("/v1/networks"))).toMatchObject({ networks: [{ id: "blue" }] })
  })

  it("tells each step of long work, cancels it, and goes on from there when it is asked again", async () => {
    await lab.prepare()
    await serve()
    const path = `/v1/nics/${nicIdFor("blue", web1, 0)}`
    lab.router.faults.hang = true
    const operation = JSON.parse(await curl(path, "--request", "PUT", "--json", nic))
    expect(operation).toMatchObject({ state: "running", kind: "attachNic", target: path })
    const same = JSON.parse(await curl(path, "--request", "PUT", "--json", nic))
    expect(same.id).toBe(operation.id)
    const watching = curl(`/v1/operations/${operation.id}/events`, "--no-buffer")
    await until(async () => (await curl(`/v1/operations/${operation.id}`)).includes("telling the router"))
    await curl(`/v1/operations/${operation.id}`, "--request", "DELETE")
    const events = (await watching).split("\n\n").filter(Boolean)
    expect(events.at(0)).toContain("event: operation\ndata: ")
    expect(events.join("\n")).toContain("telling the router")
    expect(JSON.parse(events.at(-1)?.split("data: ")[1] ?? "")).toMatchObject({
      state: "cancelled",
      error: { code: "CANCELLED" },
    })
    lab.router.faults.hang = false
    const again = JSON.parse(await curl(path, "--request", "PUT", "--json", nic, "--header", "prefer: wait=30"))
    expect(again).toMatchObject({ state: "succeeded", result: { nic: { state: "attached" } } })
    expect(await curl("/metrics")).toContain('slash64_roads_total{road="attach-nic",code="CANCELLED"} 1')
  })

  it("lets what runs go on for its grace when it ends, and then cancels it", async () => {
    await lab.prepare()
    await serve("--grace", "0")
    lab.router.faults.hang = true
    await curl("/v1/nics/n1", "--request", "PUT", "--json", nic)
    interrupt.abort()
    expect(await ended).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('"code":"CANCELLED"') })
  })

  it("is not stopped by clients that are slow or half there, and leaves them", async () => {
    await serve()
    const headers = await connectMany(50)
    for (const one of headers) one.write("GET /v1/networks HTTP/1.1\r\nhost: x\r\nx-slow: ")
    const closed = Promise.all(headers.map(untilClosed))
    const bodies = await connectMany(50)
    const json = "content-type: application/json\r\ncontent-length: 9\r\n"
    for (const one of bodies) one.write(`PUT /v1/networks/blue HTTP/1.1\r\nhost: x\r\n${json}\r\n{`)
    expect(JSON.parse(await curl("/v1/networks"))).toEqual({ networks: [] })
    await closed
    expect(JSON.parse(await curl("/v1/networks"))).toEqual({ networks: [] })
    for (const one of bodies) one.destroy()
  })

  it("takes who asks for something when all places are taken by who asks for nothing", async () => {
    await serve()
    const idle = await connectMany(600)
    expect(JSON.parse(await curl("/v1/networks"))).toEqual({ networks: [] })
    const left = await until512(idle)
    expect(left).toBeGreaterThan(400)
    expect(JSON.parse(await curl("/v1/networks"))).toEqual({ networks: [] })
    for (const one of idle) one.destroy()
  })

  it("listens on TCP with TLS, and gives nothing without the token", async () => {
    const [cert, key, token] = ["cert.pem", "key.pem", "token"].map((name) => join(lab.folder, name))
    const ec = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost"
    const files = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key ?? "", "-out", cert ?? ""]
    await run("openssl", [...ec.split(" "), ...files])
    const options = ["--listen", "127.0.0.1:0", "--tls-cert", cert ?? "", "--tls-key", key ?? ""]
    writeFileSync(token ?? "", "short\n")
    const short = await lab.run(["serve", ...options, "--token", `file:${token}`])
    expect(short).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("32 characters") })
    const secret = "a-token-that-is-long-enough-for-it"
    writeFileSync(token ?? "", `${secret}\n`)
    const log = await serve(...options, "--token", `file:${token}`)
    const port = /"port":(\d+)/.exec(log())?.[1]
    const ask = async (...more: readonly string[]): Promise<string> =>
      (await run("curl", ["--silent", "--cacert", cert ?? "", ...more, `https://127.0.0.1:${port}/v1/networks`])).stdout
    expect(JSON.parse(await ask())).toMatchObject({ status: 401, code: "UNAUTHENTICATED" })
    expect(JSON.parse(await ask("--header", `authorization: Bearer ${secret}x`))).toMatchObject({ status: 401 })
    expect(JSON.parse(await ask("--header", `authorization: Bearer ${secret}`))).toEqual({ networks: [] })
    const idle = await connectMany(600, { host: "127.0.0.1", port: Number(port) })
    expect(JSON.parse(await ask("--header", `authorization: Bearer ${secret}`))).toEqual({ networks: [] })
    for (const one of idle) one.destroy()
    const plain = run("curl", ["--silent", `http://127.0.0.1:${port}/v1/networks`])
    await expect(plain).rejects.toThrow("curl")
    expect(log()).not.toContain(secret)
  })

  /** Starts the server in this process; gives what it has logged so far. */
  async function serve(...options: readonly string[]): Promise<() => string> {
    const parts: string[] = []
    ended = lab.run(["serve", ...options], { signal: interrupt.signal, onStderr: (text) => parts.push(text) })
    await Promise.race([listening(), ended.then((answer) => Promise.reject(new Error(answer.stderr)))])
    await until(async () => parts.join("").includes("listening"))
    return () => parts.join("")
  }

  async function listening(): Promise<void> {
    await until(async () => existsSync(socket) && (await curl("/healthz").catch(() => "")) !== "")
  }

  async function curl(path: string, ...options: readonly string[]): Promise<string> {
    const args = ["--silent", "--show-error", "--unix-socket", socket, ...options, `http://localhost${path}`]
    return (await run("curl", args)).stdout
  }

  async function connectMany(count: number, where: NetConnectOpts = { path: socket }): Promise<readonly Socket[]> {
    const all: Socket[] = []
    while (all.length < count) {
      const one = connect(where)
      await once(one, "connect")
      all.push(one.on("error", () => undefined))
    }
    return all
  }

  function startProcess(): ReturnType<typeof spawn> {
    return spawn(process.execPath, [join(import.meta.dirname, "../cli/slash64-process.ts"), "serve"], {
      env: {
        ...process.env,
        XDG_STATE_HOME: join(lab.folder, "state"),
        SLASH64_TEST: JSON.stringify({ port: lab.routerPort, routerId: routerIdFor("blue"), vms: [] }),
      },
      stdio: "ignore",
    })
  }
})

/** How many are there still when the server has closed those for which it has no place. */
async function until512(sockets: readonly Socket[]): Promise<number> {
  for (const one of sockets) one.resume()
  const open = () => sockets.filter(({ closed }) => !closed).length
  await until(async () => open() <= 512)
  return open()
}

async function untilClosed(socket: Socket): Promise<void> {
  socket.resume()
  await once(socket, "close")
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await delay(50)
}
