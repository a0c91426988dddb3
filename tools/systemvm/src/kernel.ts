import { readFile, readdir } from "node:fs/promises"
import { basename, join } from "node:path"
import { Slash64Error, quote } from "@slash64/core"
import { parseElf, type Elf } from "./elf.ts"
import { textFile, type FileEntry } from "./file-tree.ts"

export interface Kernel {
  /** `uname -r`. */
  readonly release: string
  /** The bzImage. */
  readonly image: Buffer
}

interface KernelModule {
  readonly name: string
  readonly bytes: Buffer
  readonly info: Elf["moduleInfo"]
}

/** The one kernel of an unpacked linux-image package. */
export async function readKernel(unpacked: string): Promise<Kernel> {
  const image = (await readdir(join(unpacked, "boot"))).find((name) => name.startsWith("vmlinuz-"))
  if (image === undefined) {
    throw new Slash64Error("NOT_FOUND", `kernel: none under ${quote(unpacked)}`, {
      field: "packages",
      hint: "add a linux-image package",
    })
  }
  return { release: image.replace("vmlinuz-", ""), image: await readFile(join(unpacked, "boot", image)) }
}

/**
 * The named kernel modules and those that they depend on, with a `modules.dep` and `modules.alias` of just these
 * for busybox's modprobe. A name that the kernel has built in is left out; one that it does not have is NOT_FOUND.
 */
export async function collectModules(
  unpacked: string,
  release: string,
  names: readonly string[],
): Promise<ReadonlyMap<string, FileEntry>> {
  const root = join(unpacked, "lib/modules", release)
  const files = await indexModules(root)
  const builtIn = await indexBuiltIn(root)
  const modules = new Map<string, KernelModule>()
  const wanted = names.map(normalName)
  for (let name = wanted.shift(); name !== undefined; name = wanted.shift()) {
    if (modules.has(name) || builtIn.has(name)) continue
    const module = await readModule(name, files.get(name), release)
    modules.set(name, module)
    wanted.push(...dependenciesOf(module))
  }
  return placeModules(
    [...modules.values()].toSorted((one, other) => (one.name < other.name ? -1 : 1)),
    release,
  )
}

async function indexModules(root: string): Promise<ReadonlyMap<string, string>> {
  const files = await readdir(root, { recursive: true })
  return new Map(files.filter((file) => file.endsWith(".ko")).map((file) => [nameOf(file), join(root, file)]))
}

async function indexBuiltIn(root: string): Promise<ReadonlySet<string>> {
  const listing = await readFile(join(root, "modules.builtin"), "utf8")
  return new Set(listing.split("\n").filter(Boolean).map(nameOf))
}

async function readModule(name: string, file: string | undefined, release: string): Promise<KernelModule> {
  if (file === undefined) {
    throw new Slash64Error(
      "NOT_FOUND",
      `module ${quote(name)}: kernel ${release} has it neither built in nor as a module`,
      {
        field: "modules",
        value: name,
        hint: "leave it out, or take a kernel that has it",
      },
    )
  }
  const bytes = await readFile(file)
  return { name, bytes, info: parseElf(bytes)?.moduleInfo ?? new Map() }
}

function dependenciesOf({ info }: KernelModule): readonly string[] {
  return (info.get("depends") ?? [])
    .flatMap((list) => list.split(","))
    .filter(Boolean)
    .map(normalName)
}

function placeModules(modules: readonly KernelModule[], release: string): ReadonlyMap<string, FileEntry> {
  const known = new Map(modules.map((module) => [module.name, module]))
  // modules.dep is read from its end: what is needed first stands last.
  const loadOrder = (name: string): readonly string[] => {
    const module = known.get(name)
    if (module === undefined) return []
    return [...new Set(dependenciesOf(module).flatMap((each) => loadOrder(each).concat(each)))]
  }
  const directory = `lib/modules/${release}`
  const dependencies = modules.map(({ name }) => {
    const needed = loadOrder(name).filter((each) => known.has(each))
    return `${name}.ko:${needed
      .map((each) => ` ${each}.ko`)
      .toReversed()
      .join("")}\n`
  })
  const aliases = modules.flatMap(({ name, info }) =>
    (info.get("alias") ?? []).map((alias) => `alias ${alias} ${name}\n`),
  )
  return new Map<string, FileEntry>([
    ...modules.map(({ name, bytes }): [string, FileEntry] => [
      `${directory}/${name}.ko`,
      { kind: "file", mode: 0o644, bytes },
    ]),
    [`${directory}/modules.dep`, textFile(dependencies.join(""))],
    [`${directory}/modules.alias`, textFile(aliases.join(""))],
  ])
}

function nameOf(file: string): string {
  return normalName(basename(file, ".ko"))
}

/** Module names mean the same with `-` and `_` (modprobe(8)). */
function normalName(name: string): string {
  return name.replaceAll("-", "_")
}
