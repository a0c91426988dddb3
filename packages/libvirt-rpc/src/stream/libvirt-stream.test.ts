import { randomBytes } from "node:crypto"
import { once } from "node:events"
import { Readable } from "node:stream"
import { buffer } from "node:stream/consumers"
import { pipeline } from "node:stream/promises"
import { setImmediate as turn } from "node:timers/promises"
import { describe, expect, it } from "vitest"
import type { Connection } from "../connection.ts"
import { virNetMessageError } from "../generated/codecs.ts"
import { procedures } from "../generated/procedures.ts"
import {
  REMOTE_PROGRAM,
  VIR_NET_CONTINUE,
  VIR_NET_ERROR,
  VIR_NET_STREAM,
  VIR_NET_STREAM_HOLE,
} from "../generated/protocol.ts"
import { connectToFake } from "../testing/connect-to-fake.test.kit.ts"
import { Refusal } from "../testing/fake-host.test.kit.ts"
import type { FakeLibvirtd } from "../testing/fake-libvirtd.test.kit.ts"
import { nothing, uint } from "../xdr/xdr-codec.ts"

const vol = { pool: "default", name: "disk", key: "/pool/disk" }
const whole = { vol, offset: 0n, length: 0n, flags: 0 }

async function withVolume(content: Buffer): Promise<{ connection: Connection; server: FakeLibvirtd }> {
  const both = await connectToFake()
  both.server.host.volumes.set(vol.key, content)
  return both
}

describe("an upload", () => {
  it("writes every byte, and has finished when libvirt has confirmed", async () => {
    const { connection, server } = await withVolume(Buffer.alloc(0))
    const content = randomBytes(3_000_000)
    const { stream } = await connection.storageVolUpload(whole)
    await pipeline(Readable.from([content.subarray(0, 5), content.subarray(5)]), stream)
    expect(server.host.volumes.get(vol.key)?.equals(content)).toBe(true)
    expect(server.host.aborts).toBe(0)
  })

  it("of nothing is one too", async () => {
    const { connection, server } = await withVolume(Buffer.from("old"))
    const { stream } = await connection.storageVolUpload(whole)
    await pipeline(Readable.from([]), stream)
    expect(server.host.volumes.get(vol.key)).toEqual(Buffer.alloc(0))
  })

  it("leaves room for calls while it runs", async () => {
    const { connection } = await withVolume(Buffer.alloc(0))
    const { stream } = await connection.storageVolUpload(whole)
    stream.write(Buffer.alloc(1_000_000))
    expect(await connection.connectGetHostname()).toEqual({ hostname: "fake" })
    stream.end()
    await once(stream, "finish")
  })

  it("that libvirt refuses is a rejected call", async () => {
    const { connection } = await connectToFake()
    await expect(connection.storageVolUpload(whole)).rejects.toMatchObject({ codeName: "VIR_ERR_NO_STORAGE_VOL" })
  })

  it("that fails in the middle fails with libvirt's error, and the connection goes on", async () => {
    const { connection, server } = await withVolume(Buffer.alloc(0))
    server.host.freeBytes = 500_000
    const { stream } = await connection.storageVolUpload(whole)
    await expect(pipeline(Readable.from([Buffer.alloc(2_000_000)]), stream)).rejects.toMatchObject({
      name: "LibvirtError",
      message: "cannot write to stream: No space left on device",
      procedure: "storageVolUpload",
    })
    expect(await connection.connectGetHostname()).toEqual({ hostname: "fake" })
  })

  it("that is destroyed is aborted at libvirt, which keeps nothing", async () => {
    const { connection, server } = await withVolume(Buffer.from("old"))
    const { stream } = await connection.storageVolUpload(whole)
    stream.write(Buffer.from("new"))
    stream.destroy()
    await connection.connectGetHostname()
    expect(server.host.aborts).toBe(1)
    expect(server.host.volumes.get(vol.key)).toEqual(Buffer.from("old"))
  })

  it("is aborted by its signal, before the reply", async () => {
    const { connection, server } = await withVolume(Buffer.from("old"))
    const release = server.hold(procedures.storageVolUpload)
    const controller = new AbortController()
    const opening = connection.storageVolUpload(whole, { signal: controller.signal })
    await turn()
    controller.abort()
    await expect(opening).rejects.toMatchObject({ code: "ABORTED", outcome: "unknown" })
    release()
    await connection.connectGetHostname()
    expect(server.host.aborts).toBe(1)
  })

  it("is aborted by its signal, after the reply", async () => {
    const { connection, server } = await withVolume(Buffer.from("old"))
    const controller = new AbortController()
    const { stream } = await connection.storageVolUpload(whole, { signal: controller.signal })
    const reason = new Error("enough")
    const writing = pipeline(Readable.from(endless()), stream)
    await turn()
    controller.abort(reason)
    await expect(writing).rejects.toMatchObject({ code: "ABORTED", cause: reason })
    await connection.connectGetHostname()
    expect(server.host.aborts).toBe(1)
  })

  it("does not take more from its source than libvirt takes from it", async () => {
    const { connection, server } = await withVolume(Buffer.alloc(0))
    const { stream } = await connection.storageVolUpload(whole)
    server.stopReading()
    let taken = 0
    const counted = async function* (): AsyncGenerator<Buffer> {
      for await (const chunk of endless()) {
        taken++
        yield chunk
      }
    }
    const writing = pipeline(Readable.from(counted()), stream)
    for (let count = 0; count < 100; count++) await turn()
    expect(taken).toBeLessThan(40)
    server.drop()
    await expect(writing).rejects.toMatchObject({ code: "CLOSED", outcome: "unknown" })
  })
})

describe("a download", () => {
  it("reads every byte", async () => {
    const content = randomBytes(3_000_000)
    const { connection, server } = await withVolume(content)
    const { stream } = await connection.storageVolDownload(whole)
    expect((await buffer(stream)).equals(content)).toBe(true)
    expect(server.host.aborts).toBe(0)
  })

  it("of nothing ends at once", async () => {
    const { connection } = await withVolume(Buffer.alloc(0))
    const { stream } = await connection.storageVolDownload(whole)
    expect(await buffer(stream)).toEqual(Buffer.alloc(0))
  })

  it("may be left early, which aborts it", async () => {
    const { connection, server } = await withVolume(randomBytes(3_000_000))
    const { stream } = await connection.storageVolDownload(whole)
    for await (const chunk of stream) {
      expect(chunk).not.toHaveLength(0)
      break
    }
    await connection.connectGetHostname()
    expect(server.host.aborts).toBe(1)
  })

  it("waits for its reader: what the reader does not take stays on the way", async () => {
    const { connection, server } = await withVolume(randomBytes(20_000_000))
    const { stream } = await connection.storageVolDownload(whole)
    await once(stream, "readable")
    for (let count = 0; count < 200; count++) await turn()
    expect(stream.readableLength).toBeLessThan(2_000_000)
    expect(server.clientEnd.isPaused()).toBe(true)
    expect((await buffer(stream)).length).toBe(20_000_000)
  })

  it("lets calls be answered between two chunks that its reader takes", async () => {
    const { connection } = await withVolume(randomBytes(3_000_000))
    const { stream } = await connection.storageVolDownload(whole)
    let size = 0
    for await (const chunk of stream) {
      size += Buffer.from(chunk).length
      expect(await connection.connectGetHostname()).toEqual({ hostname: "fake" })
    }
    expect(size).toBe(3_000_000)
  })

  it("ends with the error that libvirt meets in the middle", async () => {
    const { connection, server } = await openHeld()
    const { stream } = await connection.storageVolDownload(whole)
    const header = { prog: REMOTE_PROGRAM, proc: procedures.storageVolDownload.number, serial: 3 }
    const { wire } = new Refusal(38, 38, "cannot read: Input/output error")
    server.send({ ...header, type: VIR_NET_STREAM, status: VIR_NET_ERROR }, virNetMessageError, wire)
    await expect(buffer(stream)).rejects.toMatchObject({ message: "cannot read: Input/output error" })
  })

  it("takes the packets that libvirtd sends before its reply, in their order", async () => {
    const { connection, server } = await openHeld()
    const release = server.hold(procedures.storageVolDownload)
    const opening = connection.storageVolDownload(whole)
    await turn()
    const header = { prog: REMOTE_PROGRAM, proc: procedures.storageVolDownload.number, serial: 3, type: VIR_NET_STREAM }
    for (const value of [1, 2]) server.send({ ...header, status: VIR_NET_CONTINUE }, uint, value)
    release()
    const { stream } = await opening
    for (const value of [3, 4]) server.send({ ...header, status: VIR_NET_CONTINUE }, uint, value)
    server.send({ ...header, status: VIR_NET_CONTINUE }, nothing, undefined)
    expect((await buffer(stream)).toString("hex")).toBe("00000001000000020000000300000004")
  })

  it("that is nothing but packets and no reply is refused", async () => {
    const { connection, server } = await openHeld()
    server.hold(procedures.storageVolDownload)
    const opening = connection.storageVolDownload(whole)
    await turn()
    const header = { prog: REMOTE_PROGRAM, proc: procedures.storageVolDownload.number, serial: 3, type: VIR_NET_STREAM }
    for (let count = 0; count < 65; count++) server.send({ ...header, status: VIR_NET_CONTINUE }, uint, count)
    await expect(opening).rejects.toMatchObject({ code: "PROTOCOL", outcome: "unknown" })
  })

  it("refuses a hole, aloud", async () => {
    const { connection, server } = await openHeld()
    const { stream } = await connection.storageVolDownload(whole)
    const header = { prog: REMOTE_PROGRAM, proc: procedures.storageVolDownload.number, serial: 3 }
    server.send({ ...header, type: VIR_NET_STREAM_HOLE, status: VIR_NET_CONTINUE }, nothing, undefined)
    await expect(buffer(stream)).rejects.toMatchObject({ code: "UNSUPPORTED" })
  })

  it("ends with the connection, and nobody who listens is no reason to crash", async () => {
    const { connection, server } = await openHeld()
    const { stream } = await connection.storageVolDownload(whole)
    server.drop()
    await connection.ended
    await expect(buffer(stream)).rejects.toMatchObject({ code: "CLOSED" })
  })
})

/** A download of which nothing comes by itself. */
async function openHeld(): Promise<{ connection: Connection; server: FakeLibvirtd }> {
  const both = await withVolume(Buffer.alloc(0))
  both.server.sendsVolumes = false
  return both
}

async function* endless(): AsyncGenerator<Buffer> {
  for (;;) yield turn(Buffer.alloc(100_000))
}
