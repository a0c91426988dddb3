import { open } from "node:fs/promises"
import { invalid } from "@slash64/core"

/** Microsoft's Virtual Hard Disk Image Format Specification 1.0; numbers are big-endian. */
const sectorBytes = 512
const footerBytes = 512
const absent = 0xffffffff
const chunkBytes = 1024 * 1024

/** A VHD file as the disk that it describes. */
export interface Vhd {
  /** Bytes of the disk. */
  readonly virtualSize: number
  /** The disk's bytes from the first to the last, in pieces of any length. */
  content(): AsyncGenerator<Uint8Array>
}

/** INVALID_ARGUMENT when the file is no fixed or dynamic VHD. */
export async function readVhd(file: string): Promise<Vhd> {
  await using handle = await open(file, "r")
  const { size } = await handle.stat()
  const read = async (at: number, length: number): Promise<Buffer> => {
    const bytes = Buffer.alloc(length)
    if (at >= 0 && (await handle.read(bytes, 0, length, at)).bytesRead === length) return bytes
    throw notVhd(file, "it is cut off")
  }
  const footer = await read(size - footerBytes, footerBytes)
  if (footer.toString("latin1", 0, 8) !== "conectix") throw notVhd(file, "it has no footer")
  const virtualSize = Number(footer.readBigUInt64BE(48))
  const kind = footer.readUInt32BE(60)
  if (kind === 2) return { virtualSize, content: () => readRun(file, 0, virtualSize) }
  if (kind !== 3) throw notVhd(file, "it is neither fixed nor dynamic")
  const header = await read(Number(footer.readBigUInt64BE(16)), 1024)
  if (header.toString("latin1", 0, 8) !== "cxsparse") throw notVhd(file, "it has no header")
  const blocks = header.readUInt32BE(28)
  const blockBytes = header.readUInt32BE(32)
  if (blocks > 1 << 22 || blockBytes < sectorBytes || blocks * blockBytes < virtualSize) {
    throw notVhd(file, "its table does not cover the disk")
  }
  const table = await read(Number(header.readBigUInt64BE(16)), blocks * 4)
  return { virtualSize, content: () => readBlocks(file, { table, blockBytes, virtualSize }) }
}

interface Blocks {
  readonly table: Buffer
  readonly blockBytes: number
  readonly virtualSize: number
}

/** A block that is there begins with a bitmap of its sectors, which qemu-img and XAPI write all set. */
async function* readBlocks(file: string, { table, blockBytes, virtualSize }: Blocks): AsyncGenerator<Uint8Array> {
  const bitmapBytes = Math.ceil(blockBytes / sectorBytes / 8 / sectorBytes) * sectorBytes
  for (let done = 0, block = 0; done < virtualSize; done += blockBytes, block++) {
    const length = Math.min(blockBytes, virtualSize - done)
    const sector = table.readUInt32BE(block * 4)
    yield* sector === absent ? zeros(length) : readRun(file, sector * sectorBytes + bitmapBytes, length)
  }
}

async function* readRun(file: string, at: number, length: number): AsyncGenerator<Uint8Array> {
  await using handle = await open(file, "r")
  for (let done = 0; done < length;) {
    const bytes = Buffer.alloc(Math.min(chunkBytes, length - done))
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, at + done)
    if (bytesRead === 0) throw notVhd(file, "it is cut off")
    done += bytesRead
    yield bytes.subarray(0, bytesRead)
  }
}

function* zeros(length: number): Generator<Uint8Array> {
  for (let left = length; left > 0; left -= chunkBytes) yield Buffer.alloc(Math.min(chunkBytes, left))
}

function notVhd(file: string, problem: string): Error {
  return invalid("template.file", file, `no VHD image: ${problem}`, "Build the template again with --format vhd.")
}
