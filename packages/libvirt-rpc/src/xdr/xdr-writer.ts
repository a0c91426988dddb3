/** Grows as XDR (RFC 4506) is written into it: big-endian, every item a multiple of four bytes. */
export class XdrWriter {
  #buffer = Buffer.allocUnsafe(256)
  #length = 0

  uint32(value: number): void {
    this.#length = this.#reserve(4).writeUInt32BE(value >>> 0, this.#length)
  }

  int64(value: bigint): void {
    this.#length = this.#reserve(8).writeBigUInt64BE(BigInt.asUintN(64, value), this.#length)
  }

  double(value: number): void {
    this.#length = this.#reserve(8).writeDoubleBE(value, this.#length)
  }

  /** Raw bytes, padded with zeros to a multiple of four. */
  bytes(bytes: Uint8Array): void {
    const padded = (bytes.length + 3) & ~3
    const buffer = this.#reserve(padded)
    buffer.set(bytes, this.#length)
    buffer.fill(0, this.#length + bytes.length, this.#length + padded)
    this.#length += padded
  }

  /** What was written so far. */
  finish(): Buffer {
    return this.#buffer.subarray(0, this.#length)
  }

  #reserve(count: number): Buffer {
    const needed = this.#length + count
    if (needed > this.#buffer.length) {
      const grown = Buffer.allocUnsafe(Math.max(needed, this.#buffer.length * 2))
      grown.set(this.finish())
      this.#buffer = grown
    }
    return this.#buffer
  }
}
