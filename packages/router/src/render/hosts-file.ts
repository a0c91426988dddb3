import { createHash } from "node:crypto"

/** The bytes of an ASCII file that is added to again and again, and hashed each time, without being made anew. */
export class HostsFile {
  private bytes = Buffer.alloc(0)
  private length = 0

  write(text: string): void {
    this.bytes = Buffer.from(text, "latin1")
    this.length = this.bytes.length
  }

  /** Moves what stands at `at`, in bytes, and behind it. */
  insert(at: number, text: string): void {
    const length = this.length + text.length
    if (length > this.bytes.length) {
      const wider = Buffer.alloc(2 * length)
      this.bytes.copy(wider)
      this.bytes = wider
    }
    this.bytes.copyWithin(at + text.length, at, this.length)
    this.bytes.write(text, at, "latin1")
    this.length = length
  }

  /** In hexadecimal. */
  sha256(): string {
    return createHash("sha256").update(this.bytes.subarray(0, this.length)).digest("hex")
  }
}
