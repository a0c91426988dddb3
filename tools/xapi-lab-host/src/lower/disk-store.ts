import { mkdir, open, rm, stat } from "node:fs/promises"
import { join } from "node:path"
import type { Readable } from "node:stream"
import { pipeline } from "node:stream/promises"
import { runProgram } from "./run-program.ts"

/** The disks of a storage repository: one raw file each in one directory, named by the UUID of its VDI. */
export interface DiskStore {
  pathOf(uuid: string): string
  create(uuid: string, bytes: number): Promise<void>
  /** A copy of its own, as far as the file system can without copying. */
  clone(from: string, to: string): Promise<void>
  /** Writes what comes from the disk's first byte on; a VHD is unpacked. The disk's size stays; more is refused. */
  write(uuid: string, from: Readable, format: DiskFormat): Promise<void>
  /** Absent: success. */
  remove(uuid: string): Promise<void>
  /** Bytes that it takes on the file system. */
  usedBytes(uuid: string): Promise<number>
}

export type DiskFormat = "raw" | "vhd"

export async function openDiskStore(directory: string): Promise<DiskStore> {
  await mkdir(directory, { recursive: true })
  const pathOf = (uuid: string): string => join(directory, `${uuid}.raw`)
  return {
    pathOf,
    async create(uuid, bytes) {
      const file = await open(pathOf(uuid), "wx", 0o600)
      try {
        await file.truncate(bytes)
      } finally {
        await file.close()
      }
    },
    async clone(from, to) {
      await runProgram("cp", ["--reflink=auto", "--sparse=always", pathOf(from), pathOf(to)])
    },
    async write(uuid, from, format) {
      if (format === "raw") return writeFrom(pathOf(uuid), from, (await stat(pathOf(uuid))).size)
      const vhd = join(directory, `${uuid}.vhd`)
      try {
        await (await open(vhd, "w", 0o600)).close()
        await writeFrom(vhd, from, Infinity)
        await runProgram("qemu-img", ["convert", "-n", "-f", "vpc", "-O", "raw", vhd, pathOf(uuid)])
      } finally {
        await rm(vhd, { force: true })
      }
    },
    remove: (uuid) => rm(pathOf(uuid), { force: true }),
    usedBytes: async (uuid) => (await stat(pathOf(uuid))).blocks * 512,
  }
}

async function writeFrom(path: string, from: Readable, mostBytes: number): Promise<void> {
  const file = await open(path, "r+")
  await pipeline(from, noMoreThan(mostBytes), file.createWriteStream({ start: 0, flush: true }))
}

function noMoreThan(bytes: number) {
  let left = bytes
  return async function* (chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      left -= chunk.length
      if (left < 0) throw new Error(`more than the ${bytes} bytes of the disk`)
      yield chunk
    }
  }
}
