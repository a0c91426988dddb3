import { XdrError } from "./xdr-error.ts"

/** Reads XDR (RFC 4506) and never past the end. */
export class XdrReader {
  readonly #buffer: Buffer
  #offset = 0

  constructor(buffer: Buffer) {
    this.#buffer = buffer
  }

  get remaining(): number {
    return this.#buffer.length - this.#offset
  }

  uint32(): number {
    return this.#buffer.readUInt32BE(this.#advance(4))
  }

  int32(): number {
    return this.#buffer.readInt32BE(this.#advance(4))
  }

  int64(): bigint {
    return this.#buffer.readBigInt64BE(this.#advance(8))
  }

  uint64(): bigint {
    return this.#buffer.readBigUInt64BE(this.#advance(8))
  }

  double(): number {
    return this.#buffer.readDoubleBE(this.#advance(8))
  }

  /** The next integer, which stays unread. */
  peekInt32(): number {
    const value = this.int32()
    this.#offset -= 4
    return value
  }

  /** `length` bytes; the zeros that pad them are skipped. A view, not a copy. */
  bytes(length: number): Buffer {
    const start = this.#advance((length + 3) & ~3)
    return this.#buffer.subarray(start, start + length)
  }

  /** A count, refused when it is above `max` or when fewer than `bytesEach` bytes are left for each item. */
  count(max: number, bytesEach: number): number {
    const count = this.uint32()
    if (count > max) throw new XdrError(`${count} items where at most ${max} are allowed`)
    if (count * bytesEach > this.remaining) throw new XdrError(`${count} items where ${this.remaining} bytes are left`)
    return count
  }

  #advance(count: number): number {
    if (count > this.remaining) throw new XdrError(`${count} bytes wanted where ${this.remaining} are left`)
    const start = this.#offset
    this.#offset += count
    return start
  }
}
