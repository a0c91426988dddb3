import { withParents, type FileEntry, type FileTree } from "./file-tree.ts"

const typeBits = { file: 0o100000, directory: 0o040000, link: 0o120000, device: 0o020000 } as const

/**
 * A cpio archive in the format that the kernel unpacks ("newc", Documentation/driver-api/early-userspace):
 * sorted by path, root-owned, all times 0, so the same tree gives the same bytes.
 */
export function renderCpio(tree: FileTree): Buffer {
  const members = [...withParents(tree)].toSorted(([one], [other]) => (one < other ? -1 : 1))
  const archive = members.flatMap(([path, entry], index) => renderMember(path, entry, index + 1))
  return Buffer.concat([...archive, ...renderMember("TRAILER!!!", textless, 0)])
}

const textless: FileEntry = { kind: "file", mode: 0, bytes: Buffer.alloc(0) }

function renderMember(path: string, entry: FileEntry, inode: number): readonly Buffer[] {
  const content = contentOf(entry)
  const name = Buffer.from(`${path}\0`)
  const mode = inode === 0 ? 0 : typeBits[entry.kind] | (entry.kind === "link" ? 0o777 : entry.mode)
  const device = entry.kind === "device" ? [entry.major, entry.minor] : [0, 0]
  const links = entry.kind === "directory" ? 2 : 1
  const fields = [inode, mode, 0, 0, links, 0, content.length, 0, 0, ...device, name.length, 0]
  const header = Buffer.from(`070701${fields.map((field) => field.toString(16).padStart(8, "0")).join("")}`)
  return [...padded(Buffer.concat([header, name])), ...padded(content)]
}

function contentOf(entry: FileEntry): Buffer {
  if (entry.kind === "file") return entry.bytes
  return entry.kind === "link" ? Buffer.from(entry.target) : Buffer.alloc(0)
}

function padded(bytes: Buffer): readonly Buffer[] {
  return [bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]
}
