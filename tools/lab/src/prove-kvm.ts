import { execFile } from "node:child_process"
import { constants } from "node:fs"
import { access, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { release, tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { bareInitramfs, exitDevice, initRanStatus } from "./bare-initramfs.ts"

const run = promisify(execFile)

export interface KvmProof {
  /** What runs guests on this machine. */
  readonly accel: "kvm" | "tcg"
  /** Why, for a person. */
  readonly reason: string
}

export interface KvmProofRequest {
  /** A Linux kernel for this machine, best the one that the router VM boots. */
  readonly kernel: string
  /** Where the answer is kept; it holds for this machine until its kernel changes or the answer is removed. */
  readonly cacheDir: string
  readonly signal?: AbortSignal
}

/** Working KVM needs about a second; a broken one stalls for ever or aborts. */
const deadlineMs = 20_000

/**
 * Whether KVM works here, found by booting a kernel with it as far as its init. A /dev/kvm that
 * is there proves nothing: some nested and cloud machines start firmware with it and no Linux.
 */
export async function proveKvm(request: KvmProofRequest): Promise<KvmProof> {
  const absent = await access("/dev/kvm", constants.R_OK | constants.W_OK).then(
    () => undefined,
    (error: unknown) => `/dev/kvm cannot be used: ${error instanceof Error ? error.message : String(error)}`,
  )
  if (absent !== undefined) return { accel: "tcg", reason: absent }
  const cache = join(request.cacheDir, `kvm-proof-${await machineName()}.json`)
  const known = await readProof(cache)
  if (known !== undefined) return known
  const proof = await boot(request)
  await mkdir(request.cacheDir, { recursive: true })
  await writeFile(cache, `${JSON.stringify(proof)}\n`)
  return proof
}

async function boot(request: KvmProofRequest): Promise<KvmProof> {
  const dir = await mkdtemp(join(tmpdir(), "slash64-kvm-"))
  const started = performance.now()
  try {
    const initrd = join(dir, "initramfs")
    await writeFile(initrd, bareInitramfs())
    const args = ["-accel", "kvm", "-cpu", "host", "-m", "256", "-nodefaults", "-no-user-config", "-no-reboot"]
    args.push("-display", "none", "-device", exitDevice, "-kernel", request.kernel, "-initrd", initrd)
    await run("qemu-system-x86_64", [...args, "-append", "panic=-1 quiet"], {
      timeout: deadlineMs,
      killSignal: "SIGKILL",
      ...(request.signal === undefined ? {} : { signal: request.signal }),
    })
    return { accel: "tcg", reason: "Linux powered off before its init ran under KVM" }
  } catch (error) {
    request.signal?.throwIfAborted()
    if (hasStatus(error, initRanStatus)) {
      return { accel: "kvm", reason: `Linux booted under KVM in ${Math.round(performance.now() - started)} ms` }
    }
    return { accel: "tcg", reason: `/dev/kvm is there and does not work: ${problem(error)}` }
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

function hasStatus(error: unknown, status: number): boolean {
  return typeof error === "object" && error !== null && "code" in error && error.code === status
}

function problem(error: unknown): string {
  if (typeof error !== "object" || error === null) return String(error)
  if ("killed" in error && error.killed === true) return `Linux did not boot with it in ${deadlineMs / 1000} s`
  const said = "stderr" in error ? String(error.stderr).trim().split("\n").at(-1) : undefined
  return said === undefined || said === "" ? "QEMU aborted" : said
}

/** This machine with this kernel: another one asks anew, also where .cache is carried over. */
async function machineName(): Promise<string> {
  const id = await readFile("/etc/machine-id", "utf8").catch(() => "")
  return `${id.trim().slice(0, 12)}-${release()}`.replaceAll(/[^\w.-]/g, "_")
}

async function readProof(file: string): Promise<KvmProof | undefined> {
  const text = await readFile(file, "utf8").catch(() => undefined)
  if (text === undefined) return undefined
  const proof: unknown = JSON.parse(text)
  if (typeof proof !== "object" || proof === null || !("accel" in proof) || !("reason" in proof)) return undefined
  if ((proof.accel !== "kvm" && proof.accel !== "tcg") || typeof proof.reason !== "string") return undefined
  return { accel: proof.accel, reason: proof.reason }
}
