import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { parseElf } from "./elf.ts"
import { collectModules } from "./kernel.ts"

const release = "6.1.0-test"

describe("the modules of a kernel", () => {
  let unpacked = ""
  beforeEach(() => {
    unpacked = mkdtempSync(join(tmpdir(), "slash64-kernel-"))
    write("modules.builtin", "kernel/fs/ext4/ext4.ko\n")
    module("drivers/virtio/virtio.ko", ["depends=virtio_ring", "alias=virtio:d*"])
    module("drivers/virtio/virtio_ring.ko", ["depends="])
    // The ring is needed by both, so it must be loaded before either.
    module("drivers/virtio/virtio_pci.ko", ["depends=virtio_ring,virtio", "alias=pci:v00001AF4d*"])
    module("drivers/xen/xen-blkfront.ko", ["depends=", "alias=xen:vbd"])
  })
  afterEach(() => rmSync(unpacked, { recursive: true, force: true }))

  function write(path: string, content: string | Buffer): void {
    const file = join(unpacked, "lib/modules", release, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, content)
  }
  const module = (path: string, info: readonly string[]) => write(`kernel/${path}`, renderModule(info))
  const collect = async (...names: readonly string[]) => {
    const tree = await collectModules(unpacked, release, names)
    const textOf = (name: string) => {
      const entry = tree.get(`lib/modules/${release}/${name}`)
      return entry?.kind === "file" ? entry.bytes.toString() : undefined
    }
    return { paths: [...tree.keys()].map((path) => path.split("/").at(-1)), textOf }
  }

  it("come with all that they depend on, and an order to load them in: what is needed first stands last", async () => {
    const { paths, textOf } = await collect("virtio_pci")
    expect(paths).toEqual(["virtio.ko", "virtio_pci.ko", "virtio_ring.ko", "modules.dep", "modules.alias"])
    expect(textOf("modules.dep")).toBe(
      "virtio.ko: virtio_ring.ko\nvirtio_pci.ko: virtio.ko virtio_ring.ko\nvirtio_ring.ko:\n",
    )
    expect(textOf("modules.alias")).toBe("alias virtio:d* virtio\nalias pci:v00001AF4d* virtio_pci\n")
  })

  it("are found by a name with dashes or underscores, and left out where they are built in", async () => {
    expect((await collect("xen_blkfront", "ext4")).paths).toEqual(["xen_blkfront.ko", "modules.dep", "modules.alias"])
  })

  it("that the kernel does not have are named", async () => {
    await expect(collect("ahci")).rejects.toMatchObject({ code: "NOT_FOUND", field: "modules", value: "ahci" })
  })
})

describe("an ELF file", () => {
  it("tells what it is linked with", () => {
    expect(parseElf(renderModule(["depends=a"]))).toEqual({ needed: [], moduleInfo: new Map([["depends", ["a"]]]) })
    expect(parseElf(Buffer.from("#!/bin/sh\n".repeat(20)))).toBeUndefined()
  })
})

/** A 64-bit ELF file with two sections, `.modinfo` and the names (System V ABI, chapter 4). */
function renderModule(info: readonly string[]): Buffer {
  const [names, values] = [
    Buffer.from("\0.modinfo\0.shstrtab\0"),
    Buffer.from(info.map((line) => `${line}\0`).join("")),
  ]
  const header = Buffer.alloc(64)
  header.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1])
  header.writeBigUInt64LE(BigInt(64 + values.length + names.length), 40)
  header.writeUInt16LE(64, 58)
  header.writeUInt16LE(3, 60)
  header.writeUInt16LE(2, 62)
  const sections = [
    Buffer.alloc(64),
    renderSection(1, 64, values.length),
    renderSection(10, 64 + values.length, names.length),
  ]
  return Buffer.concat([header, values, names, ...sections])
}

function renderSection(name: number, offset: number, length: number): Buffer {
  const section = Buffer.alloc(64)
  section.writeUInt32LE(name, 0)
  section.writeUInt32LE(1, 4)
  section.writeBigUInt64LE(BigInt(offset), 24)
  section.writeBigUInt64LE(BigInt(length), 32)
  return section
}
