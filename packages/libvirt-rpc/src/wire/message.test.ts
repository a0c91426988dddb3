import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { VIR_NET_MESSAGE_MAX } from "../generated/protocol.ts"
import { encodeHead, MessageReader, type Message } from "./message.ts"

const header = { prog: 0x20008086, vers: 1, proc: 23, type: 0, serial: 7, status: 0 }

function messagesFrom(chunks: readonly Buffer[]): Message[] {
  const reader = new MessageReader()
  const messages: Message[] = []
  for (const chunk of chunks) reader.push(chunk, (message) => messages.push(message))
  return messages
}

function cutUp(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const chunks: Buffer[] = []
  for (let start = 0; start < bytes.length;) {
    const size = sizes[chunks.length % sizes.length] ?? 1
    chunks.push(bytes.subarray(start, start + size))
    start += size
  }
  return chunks
}

function readBack(sent: readonly Uint8Array[], sizes: readonly number[]): void {
  const bytes = Buffer.concat(sent.flatMap((payload) => [encodeHead(header, payload.length), payload]))
  const messages = messagesFrom(cutUp(bytes, sizes))
  expect(messages).toEqual(sent.map((payload) => ({ header, payload: Buffer.from(payload) })))
}

describe("a message", () => {
  it("begins with its length and its header", () => {
    // length 32, program, version 1, procedure 23, call, serial 7, ok
    const words = ["00000020", "20008086", "00000001", "00000017", "00000000", "00000007", "00000000"]
    expect(encodeHead(header, 4).toString("hex")).toBe(words.join(""))
  })

  it("is read the same, however the bytes are cut", () => {
    const payloads = fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 1, maxLength: 5 })
    const cuts = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 60 })
    fc.assert(fc.property(payloads, cuts, readBack))
  })

  it.each([
    ["shorter than its header", 27],
    ["of length 0", 0],
    ["longer than the protocol allows", VIR_NET_MESSAGE_MAX + 5],
    ["of HTTP", 0x48545450],
  ])("%s is refused by its length, before it is there", (_, length) => {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32BE(length)
    expect(() => messagesFrom([bytes])).toThrow(`a message of ${length} bytes is no libvirt message`)
  })

  it("of the greatest size is accepted", () => {
    const payload = Buffer.alloc(VIR_NET_MESSAGE_MAX - 24)
    expect(messagesFrom([encodeHead(header, payload.length), payload])[0]?.payload.length).toBe(payload.length)
  })
})
