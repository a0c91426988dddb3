import { lstat, readFile, readdir, readlink, realpath } from "node:fs/promises"
import { dirname, join, relative } from "node:path"
import { Slash64Error, quote } from "@slash64/core"
import { renderCpio } from "./cpio-archive.ts"
import { parseElf } from "./elf.ts"
import type { FileEntry, FileTree } from "./file-tree.ts"
import { collectModules } from "./kernel.ts"

export interface InitramfsRequest {
  /** The tree that {@link unpackPackages} made. */
  readonly unpacked: string
  /**
   * Paths in the packages, without a leading slash. A program brings its libraries and its loader; a directory all
   * that is below it.
   */
  readonly programs: readonly string[]
  /** Release of the kernel that the modules are for, and their names; their dependencies come along. */
  readonly kernel: string
  readonly modules: readonly string[]
  /** What the image adds: it wins over a file of the packages. */
  readonly files: FileTree
  /** Names that become links to `bin/busybox`, in `bin`; a program of the packages wins. */
  readonly applets: readonly string[]
}

const libraryFolders = [
  "lib/x86_64-linux-gnu",
  "usr/lib/x86_64-linux-gnu",
  "lib64",
  "lib",
  "usr/lib",
  // What the RUNPATH of systemd's programs says.
  "usr/lib/x86_64-linux-gnu/systemd",
]

/** The tree of an initramfs: just the named programs and modules with all that they need. */
export async function collectInitramfs(request: InitramfsRequest): Promise<FileTree> {
  const tree = new Map<string, FileEntry>(standardPlaces)
  for (const applet of request.applets) tree.set(`bin/${applet}`, { kind: "link", target: "busybox" })
  await collectPrograms(request.unpacked, request.programs, tree)
  for (const [path, entry] of await collectModules(request.unpacked, request.kernel, request.modules)) {
    tree.set(path, entry)
  }
  for (const [path, entry] of request.files) tree.set(path, entry)
  return tree
}

/** The cpio bytes of {@link collectInitramfs}, not yet compressed. */
export async function buildInitramfs(request: InitramfsRequest): Promise<Buffer> {
  return renderCpio(await collectInitramfs(request))
}

const standardPlaces: FileTree = new Map<string, FileEntry>([
  ...["dev", "etc", "proc", "root", "run", "sys", "var"].map((path): [string, FileEntry] => [
    path,
    { kind: "directory", mode: path === "root" ? 0o700 : 0o755 },
  ]),
  // sshd refuses keys below a root directory that others may write to, as the kernel's own is.
  [".", { kind: "directory", mode: 0o755 }],
  ["tmp", { kind: "directory", mode: 0o1777 }],
  // The kernel opens it for init before anything is mounted.
  ["dev/console", { kind: "device", mode: 0o600, major: 5, minor: 1 }],
])

async function collectPrograms(unpacked: string, programs: readonly string[], tree: Map<string, FileEntry>) {
  const wanted = [...programs]
  for (let path = wanted.shift(); path !== undefined; path = wanted.shift()) {
    const found = tree.get(path)
    if (found !== undefined && found.kind !== "link") continue
    const entry = await readEntry(unpacked, path)
    tree.set(path, entry)
    if (entry.kind === "directory")
      wanted.push(...(await readdir(join(unpacked, path))).map((name) => `${path}/${name}`))
    if (entry.kind === "link") wanted.push(await targetOf(unpacked, path))
    if (entry.kind === "file") wanted.push(...(await neededBy(unpacked, entry.bytes)))
  }
}

async function readEntry(unpacked: string, path: string): Promise<FileEntry> {
  const full = join(unpacked, path)
  const found = await lstat(full).catch((cause: unknown) => {
    throw new Slash64Error("NOT_FOUND", `file ${quote(path)}: none of the packages has it`, {
      field: "programs",
      value: path,
      hint: "add the package that has it, or correct the path",
      cause,
    })
  })
  if (found.isDirectory()) return { kind: "directory", mode: 0o755 }
  if (found.isSymbolicLink()) return { kind: "link", target: await readlink(full) }
  return { kind: "file", mode: found.mode & 0o755, bytes: await readFile(full) }
}

/** Where a link of the packages leads, inside the tree; an absolute target counts from its root. */
async function targetOf(unpacked: string, path: string): Promise<string> {
  const target = await readlink(join(unpacked, path))
  const full = target.startsWith("/") ? join(unpacked, target) : join(unpacked, dirname(path), target)
  return relative(unpacked, full)
}

async function neededBy(unpacked: string, bytes: Buffer): Promise<readonly string[]> {
  const elf = parseElf(bytes)
  if (elf === undefined) return []
  const libraries = await Promise.all(elf.needed.map((library) => findLibrary(unpacked, library)))
  return [...(elf.interpreter === undefined ? [] : [elf.interpreter.replace(/^\//, "")]), ...libraries]
}

async function findLibrary(unpacked: string, library: string): Promise<string> {
  for (const folder of libraryFolders) {
    const there = await realpath(join(unpacked, folder, library)).catch(() => undefined)
    if (there !== undefined) return `${folder}/${library}`
  }
  throw new Slash64Error("NOT_FOUND", `library ${quote(library)}: none of the packages has it`, {
    field: "packages",
    value: library,
    hint: "add the package that has it",
  })
}
