/** The parts of a 64-bit little-endian ELF file that the image needs (System V ABI, chapters 4 and 5). */
export interface Elf {
  /** The dynamic loader that the program names; undefined for a library, a static program or a kernel module. */
  readonly interpreter?: string
  /** DT_NEEDED: the libraries that it is linked with. */
  readonly needed: readonly string[]
  /** A kernel module's `.modinfo`: every value of a key, in order. */
  readonly moduleInfo: ReadonlyMap<string, readonly string[]>
}

interface Section {
  readonly name: string
  readonly bytes: Buffer
}

const tagNeeded = 1n

/** Reads an ELF file; undefined when the bytes are none (a script, a text). */
export function parseElf(bytes: Buffer): Elf | undefined {
  if (bytes.length < 64 || bytes.readUInt32BE(0) !== 0x7f454c46 || bytes[4] !== 2) return undefined
  const sections = listSections(bytes)
  const named = new Map(sections.map((section) => [section.name, section.bytes]))
  const interpreter = named.get(".interp")
  return {
    ...(interpreter && { interpreter: textAt(interpreter, 0) }),
    needed: readNeeded(named.get(".dynamic"), named.get(".dynstr")),
    moduleInfo: readModuleInfo(named.get(".modinfo")),
  }
}

function listSections(bytes: Buffer): readonly Section[] {
  const table = Number(bytes.readBigUInt64LE(40))
  const [size, count, namesIndex] = [bytes.readUInt16LE(58), bytes.readUInt16LE(60), bytes.readUInt16LE(62)]
  const headers = Array.from({ length: count }, (_, index) => bytes.subarray(table + index * size))
  const contents = headers.map((header) => {
    const [offset, length] = [Number(header.readBigUInt64LE(24)), Number(header.readBigUInt64LE(32))]
    const noBits = header.readUInt32LE(4) === 8
    return noBits ? bytes.subarray(0, 0) : bytes.subarray(offset, offset + length)
  })
  const names = contents[namesIndex] ?? bytes.subarray(0, 0)
  return headers.map((header, index) => ({
    name: textAt(names, header.readUInt32LE(0)),
    bytes: contents[index] ?? bytes.subarray(0, 0),
  }))
}

function readNeeded(dynamic?: Buffer, strings?: Buffer): readonly string[] {
  if (dynamic === undefined || strings === undefined) return []
  const entries = Array.from({ length: Math.floor(dynamic.length / 16) }, (_, index) => dynamic.subarray(index * 16))
  return entries
    .filter((entry) => entry.readBigUInt64LE(0) === tagNeeded)
    .map((entry) => textAt(strings, Number(entry.readBigUInt64LE(8))))
}

function readModuleInfo(bytes?: Buffer): ReadonlyMap<string, readonly string[]> {
  const pairs = (bytes?.toString("latin1") ?? "")
    .split("\0")
    .map((line) => /^(?<key>[^=]+)=(?<value>.*)$/s.exec(line)?.groups)
    .filter((groups) => groups !== undefined)
  return Map.groupBy(pairs, ({ key }) => key ?? "")
    .entries()
    .reduce(
      (info, [key, found]) =>
        info.set(
          key,
          found.map(({ value }) => value ?? ""),
        ),
      new Map<string, readonly string[]>(),
    )
}

function textAt(bytes: Buffer, offset: number): string {
  return bytes.toString("latin1", offset, bytes.indexOf(0, offset))
}
