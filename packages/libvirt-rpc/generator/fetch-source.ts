import { execFile } from "node:child_process"
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import type { Sources } from "./generate.ts"

const run = promisify(execFile)

const protocolFiles = [
  "src/rpc/virnetprotocol.x",
  "src/rpc/virkeepaliveprotocol.x",
  "src/remote/remote_protocol.x",
  "src/remote/qemu_protocol.x",
]

/** In an order in which no header refers to a later one. */
const headerFiles = [
  "libvirt-common.h.in",
  "libvirt-host.h",
  "libvirt-domain.h",
  "libvirt-domain-checkpoint.h",
  "libvirt-domain-snapshot.h",
  "libvirt-event.h",
  "libvirt-interface.h",
  "libvirt-network.h",
  "libvirt-nodedev.h",
  "libvirt-nwfilter.h",
  "libvirt-secret.h",
  "libvirt-storage.h",
  "libvirt-stream.h",
  "virterror.h",
  "libvirt-qemu.h",
].map((name) => `include/libvirt/${name}`)

/**
 * Fetches Debian's source package of libvirt through apt and reads what the generator needs. The deb-src lines come
 * from the machine's own deb lines and live in a directory of their own: nothing under /etc or /var changes.
 */
export async function fetchSource(signal: AbortSignal): Promise<Sources> {
  const directory = await mkdtemp(join(tmpdir(), "libvirt-rpc-source-"))
  try {
    await downloadSource(directory, signal)
    const archive = (await readdir(directory)).find((name) => /^libvirt_.*\.orig\.tar\.\w+$/.test(name))
    if (archive === undefined) throw new Error("apt-get source libvirt brought no libvirt_*.orig.tar.*")
    await run("tar", ["-xf", join(directory, archive), "-C", directory, "--strip-components=1"], { signal })
    const read = (name: string): Promise<string> => readFile(join(directory, name), "utf8")
    return {
      protocols: await Promise.all(protocolFiles.map(read)),
      headers: await Promise.all(headerFiles.map(read)),
    }
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

async function downloadSource(directory: string, signal: AbortSignal): Promise<void> {
  const sources = join(directory, "apt-sources")
  const lists = join(directory, "apt-lists")
  await Promise.all([mkdir(sources), mkdir(join(lists, "partial"), { recursive: true })])
  await copySourceLines("/etc/apt", sources)
  const options = [
    ["-o", "Dir::Etc::sourcelist=/dev/null"],
    ["-o", `Dir::Etc::sourceparts=${sources}`],
    ["-o", `Dir::State::lists=${lists}`],
    ["-o", `Dir::Cache=${join(directory, "apt-cache")}`],
    ["-o", "APT::Sandbox::User=root"],
  ].flat()
  await mkdir(join(directory, "apt-cache", "archives", "partial"), { recursive: true })
  await run("apt-get", [...options, "update"], { cwd: directory, signal })
  await run("apt-get", [...options, "source", "--download-only", "libvirt"], { cwd: directory, signal })
}

/** Every `deb` becomes a `deb-src`, in both formats of apt (sources.list(5)). */
async function copySourceLines(etc: string, target: string): Promise<void> {
  const parts = (await readdir(join(etc, "sources.list.d"))).map((name) => join("sources.list.d", name))
  for (const name of ["sources.list", ...parts]) {
    if (!/\.(list|sources)$/.test(name)) continue
    const text = await readFile(join(etc, name), "utf8").catch(() => "")
    const asSource = text.replaceAll(/^deb(?=\s)/gm, "deb-src").replaceAll(/^(Types:).*$/gim, "$1 deb-src")
    await writeFile(join(target, name.replaceAll("/", "-")), asSource)
  }
}
