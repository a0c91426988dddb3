import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { procedures } from "../generated/procedures.ts"
import { connectToFake } from "../testing/connect-to-fake.test.kit.ts"

const keepalive = { intervalMs: 1000, count: 3 }

describe("keepalive", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] }))
  afterEach(() => void vi.useRealTimers())

  it("answers libvirt's pings", async () => {
    const { connection, server } = await connectToFake()
    server.ping()
    await connection.connectGetHostname()
    expect(server.pongs).toBe(1)
  })

  it("asks a silent libvirt, and is content with its answers", async () => {
    const { connection, server } = await connectToFake({ keepalive })
    for (let tick = 0; tick < 20; tick++) {
      vi.advanceTimersByTime(1000)
      await connection.connectGetHostname()
    }
    expect(server.pings).toBe(0)
    for (let tick = 0; tick < 20; tick++) {
      vi.advanceTimersByTime(1000)
      await new Promise(setImmediate)
    }
    expect(server.pings).toBeGreaterThan(5)
    expect(connection.failure).toBeUndefined()
  })

  it("gives up a libvirt that does not answer, and says of each call whether it was sent", async () => {
    const { connection, server } = await connectToFake({ keepalive, maxCalls: 1 })
    server.mute = true
    const sent = connection.connectGetHostname()
    const waiting = connection.connectGetHostname()
    await new Promise(setImmediate)
    vi.advanceTimersByTime(5000)
    await expect(sent).rejects.toMatchObject({ code: "KEEPALIVE", outcome: "unknown" })
    await expect(waiting).rejects.toMatchObject({ code: "KEEPALIVE", outcome: "not-sent" })
    expect(connection.failure?.message).toContain("libvirt sent nothing for 4000 ms and did not answer")
  })

  it("can be switched off", async () => {
    const { connection, server } = await connectToFake({ keepalive: false })
    server.mute = true
    vi.advanceTimersByTime(3_600_000)
    expect(connection.failure).toBeUndefined()
    expect(server.pings).toBe(0)
  })

  it("does not blame libvirt for a reader that is behind", async () => {
    const { connection, server } = await connectToFake({ keepalive })
    const vol = { pool: "default", name: "disk", key: "/pool/disk" }
    server.host.volumes.set(vol.key, Buffer.alloc(10_000_000))
    const { stream } = await connection.storageVolDownload({ vol, offset: 0n, length: 0n, flags: 0 })
    stream.on("readable", () => {})
    await vi.waitUntil(() => server.clientEnd.isPaused())
    server.mute = true
    vi.advanceTimersByTime(600_000)
    expect(connection.failure).toBeUndefined()
    stream.destroy()
  })

  it("stops with the connection", async () => {
    const { connection, server } = await connectToFake({ keepalive })
    await connection.close()
    vi.advanceTimersByTime(60_000)
    expect(server.calls.at(-1)).toBe(procedures.connectClose.name)
    expect(vi.getTimerCount()).toBe(0)
  })
})
