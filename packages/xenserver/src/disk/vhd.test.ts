import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, it } from "vitest"
import { readVhd } from "./vhd.ts"

const directory = mkdtempSync(join(tmpdir(), "vhd-"))
afterAll(() => rmSync(directory, { recursive: true }))

const blockBytes = 4096
const kinds = { fixed: 2, dynamic: 3, differencing: 4 } as const

function footer(kind: keyof typeof kinds, virtualSize: number): Buffer {
  const bytes = Buffer.alloc(512)
  bytes.write("conectix")
  bytes.writeBigUInt64BE(512n, 16)
  bytes.writeBigUInt64BE(BigInt(virtualSize), 48)
  bytes.writeUInt32BE(kinds[kind], 60)
  return bytes
}

/** A disk of three blocks and a half, of which only the second is there. */
function dynamic(virtualSize: number, table = [0xffffffff, 4, 0xffffffff, 0xffffffff]): Buffer {
  const header = Buffer.alloc(1024)
  header.write("cxsparse")
  header.writeBigUInt64BE(1536n, 16)
  header.writeUInt32BE(table.length, 28)
  header.writeUInt32BE(blockBytes, 32)
  const sectors = Buffer.alloc(512)
  for (const [index, sector] of table.entries()) sectors.writeUInt32BE(sector, index * 4)
  const end = footer("dynamic", virtualSize)
  return Buffer.concat([end, header, sectors, Buffer.alloc(512, 0xff), Buffer.alloc(blockBytes, "x"), end])
}

function fileOf(bytes: Buffer): string {
  const file = join(directory, "image.vhd")
  writeFileSync(file, bytes)
  return file
}

async function contentOf(bytes: Buffer): Promise<Buffer> {
  const vhd = await readVhd(fileOf(bytes))
  const chunks: Uint8Array[] = []
  for await (const chunk of vhd.content()) chunks.push(chunk)
  return Buffer.concat(chunks)
}

describe("readVhd", () => {
  it("gives a dynamic disk whole, with nothing where no block is", async () => {
    const size = 3 * blockBytes + 512
    const whole = Buffer.alloc(size)
    whole.fill("x", blockBytes, 2 * blockBytes)
    expect(await contentOf(dynamic(size))).toEqual(whole)
    expect((await readVhd(fileOf(dynamic(size)))).virtualSize).toBe(size)
  })

  it("gives a fixed disk without its footer", async () => {
    const disk = Buffer.alloc(2048, "y")
    expect(await contentOf(Buffer.concat([disk, footer("fixed", 2048)]))).toEqual(disk)
  })

  it.each([
    ["an empty file", Buffer.alloc(0)],
    ["another image", Buffer.alloc(4096)],
    ["a disk that needs its parent", Buffer.concat([Buffer.alloc(1024), footer("differencing", 512)])],
    ["a table that is too short", dynamic(4 * blockBytes + 512)],
    ["a file without its header", Buffer.concat([Buffer.alloc(2048), footer("dynamic", 512)])],
  ])("refuses %s", async (_, bytes) => {
    await expect(readVhd(fileOf(bytes))).rejects.toMatchObject({ code: "INVALID_ARGUMENT", field: "template.file" })
  })

  it("refuses a block that lies behind the file's end", async () => {
    await expect(contentOf(dynamic(blockBytes * 2, [0xffffffff, 4000]))).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
    })
  })
})
