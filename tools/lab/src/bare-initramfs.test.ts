import { expect, it } from "vitest"
import { bareInitramfs, initRanStatus } from "./bare-initramfs.ts"

it("is a cpio archive of one executable init, in whole words", () => {
  const archive = Buffer.from(bareInitramfs())
  const mode = archive.toString("latin1", 14, 22)
  expect([archive.toString("latin1", 0, 6), mode, archive.toString("latin1", 110, 115)]).toEqual([
    "070701",
    "000081ed",
    "init\0",
  ])
  expect(archive.length % 4).toBe(0)
})

it("holds an ELF program whose code lies inside it", () => {
  const archive = Buffer.from(bareInitramfs())
  const elf = archive.subarray(archive.indexOf("\x7fELF"))
  const entry = Number(elf.readBigUInt64LE(24) - elf.readBigUInt64LE(80))
  const size = Number(elf.readBigUInt64LE(96))
  expect(elf.subarray(entry, size).toString("hex")).toContain(`b0${((initRanStatus - 1) / 2).toString(16)}ee`)
})
