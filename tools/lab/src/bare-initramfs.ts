/** The exit status of QEMU when the init of {@link bareInitramfs} has run. */
export const initRanStatus = 33

/** The device that lets the init end QEMU with a status of its own; nothing else in a boot gives it. */
export const exitDevice = "isa-debug-exit,iobase=0xf4,iosize=0x04"

/**
 * An initramfs for x86-64 whose init ends QEMU at once, through `exitDevice`: the shortest boot of Linux to user
 * space. The init is a static program of 22 bytes of code, so that nothing needs to be installed for it.
 */
export function bareInitramfs(): Uint8Array {
  return Buffer.concat([cpioEntry("init", 0o100755, bareInit()), cpioEntry("TRAILER!!!", 0, Buffer.alloc(0))])
}

function bareInit(): Buffer {
  const code = Buffer.from(
    [
      "b8 ac000000", // mov eax, 172 (iopl)
      "bf 03000000", // mov edi, 3
      "0f05", // syscall
      "66ba f400", // mov dx, 0xf4
      "b0 10", // mov al, 16: QEMU's status is twice that and one
      "ee", // out dx, al
      "ebfe", // jmp to itself
    ]
      .join("")
      .replaceAll(" ", ""),
    "hex",
  )
  const start = 0x400000
  const head = Buffer.alloc(120)
  head.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]) // ELF, 64 bit, little-endian
  head.writeUInt16LE(2, 16) // ET_EXEC
  head.writeUInt16LE(62, 18) // EM_X86_64
  head.writeUInt32LE(1, 20)
  head.writeBigUInt64LE(BigInt(start + head.length), 24) // entry
  head.writeBigUInt64LE(64n, 32) // program headers follow the header
  head.writeUInt16LE(64, 52)
  head.writeUInt16LE(56, 54)
  head.writeUInt16LE(1, 56)
  head.writeUInt32LE(1, 64) // PT_LOAD
  head.writeUInt32LE(5, 68) // readable, executable
  head.writeBigUInt64LE(BigInt(start), 80)
  head.writeBigUInt64LE(BigInt(start), 88)
  head.writeBigUInt64LE(BigInt(head.length + code.length), 96)
  head.writeBigUInt64LE(BigInt(head.length + code.length), 104)
  head.writeBigUInt64LE(0x1000n, 112)
  return Buffer.concat([head, code])
}

/** One member of a cpio archive in the `newc` format (Documentation/driver-api/early-userspace/buffer-format.rst). */
function cpioEntry(name: string, mode: number, content: Buffer): Buffer {
  const fields = [1, mode, 0, 0, 1, 0, content.length, 0, 0, 0, 0, name.length + 1, 0]
  const hex = fields.map((field) => field.toString(16).padStart(8, "0")).join("")
  return Buffer.concat([padTo4(Buffer.from(`070701${hex}${name}\0`)), padTo4(content)])
}

function padTo4(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)])
}
