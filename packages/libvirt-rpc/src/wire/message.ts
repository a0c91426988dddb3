import { virNetMessageHeader } from "../generated/codecs.ts"
import {
  VIR_NET_MESSAGE_HEADER_MAX,
  VIR_NET_MESSAGE_HEADER_XDR_LEN,
  VIR_NET_MESSAGE_MAX,
} from "../generated/protocol.ts"
import type { VirNetMessageHeader } from "../generated/types.ts"
import { XdrError } from "../xdr/xdr-error.ts"
import { XdrReader } from "../xdr/xdr-reader.ts"
import { XdrWriter } from "../xdr/xdr-writer.ts"

export interface Message {
  readonly header: VirNetMessageHeader
  readonly payload: Buffer
}

/** What stands before the payload: the length of all, and the header. */
export function encodeHead(header: VirNetMessageHeader, payloadLength: number): Buffer {
  const writer = new XdrWriter()
  writer.uint32(VIR_NET_MESSAGE_HEADER_XDR_LEN + VIR_NET_MESSAGE_HEADER_MAX + payloadLength)
  virNetMessageHeader.write(writer, header)
  return writer.finish()
}

/** Cuts the bytes of a connection into messages. Throws an XdrError for what cannot be one. */
export class MessageReader {
  #chunks: Buffer[] = []
  #buffered = 0

  /** Hands over every message that is complete with this chunk. */
  push(chunk: Buffer, receive: (message: Message) => void): void {
    this.#chunks.push(chunk)
    this.#buffered += chunk.length
    for (;;) {
      const length = this.#nextLength()
      if (length === undefined || length > this.#buffered) return
      const frame = this.#take(length)
      const header = virNetMessageHeader.read(new XdrReader(frame.subarray(VIR_NET_MESSAGE_HEADER_XDR_LEN)))
      receive({ header, payload: frame.subarray(VIR_NET_MESSAGE_HEADER_XDR_LEN + VIR_NET_MESSAGE_HEADER_MAX) })
    }
  }

  #nextLength(): number | undefined {
    if (this.#buffered < VIR_NET_MESSAGE_HEADER_XDR_LEN) return undefined
    const [first] = this.#chunks
    const start = first !== undefined && first.length >= VIR_NET_MESSAGE_HEADER_XDR_LEN ? first : this.#join()
    const length = start.readUInt32BE(0)
    const size = length - VIR_NET_MESSAGE_HEADER_XDR_LEN
    if (size < VIR_NET_MESSAGE_HEADER_MAX || size > VIR_NET_MESSAGE_MAX) {
      throw new XdrError(`a message of ${length} bytes is no libvirt message`)
    }
    return length
  }

  #take(length: number): Buffer {
    const whole = this.#join()
    const rest = whole.subarray(length)
    this.#chunks = rest.length === 0 ? [] : [rest]
    this.#buffered = rest.length
    return whole.subarray(0, length)
  }

  #join(): Buffer {
    const [only] = this.#chunks
    if (this.#chunks.length === 1 && only !== undefined) return only
    const whole = Buffer.concat(this.#chunks)
    this.#chunks = [whole]
    return whole
  }
}
