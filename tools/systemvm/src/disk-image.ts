import { mkdir, open, readFile, readdir, rm, truncate, utimes, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { runCommand } from "./run-command.ts"

export interface DiskRequest {
  /** Where the raw image is written; what is there is replaced. */
  readonly file: string
  /** A directory for this build alone. */
  readonly workDir: string
  readonly kernel: Buffer
  readonly initramfs: Buffer
  readonly commandLine: string
  /** systemd-boot's EFI program. Absent: the disk boots by BIOS alone. */
  readonly efiLoader?: Buffer | undefined
  /** Leaves out the partition for state: for a machine that keeps nothing. */
  readonly stateless?: true
  readonly signal?: AbortSignal | undefined
}

const mebibyte = 1024 * 1024
const sectorBytes = 512
const bootStart = mebibyte
const bootBytes = 40 * mebibyte
const stateStart = bootStart + bootBytes
const stateBytes = 512 * mebibyte
const efiSystemType = 0xef
const linuxType = 0x83
// Fixed ids: two builds of the same inputs may not differ.
const diskId = 0x51a5c640
const stateUuid = "51a5c640-0000-4000-8000-000000000001"
const fakeTime = 1_700_000_000
const masterBootRecord = "/usr/lib/syslinux/mbr/mbr.bin"

/**
 * A raw disk that boots by BIOS (syslinux) and by UEFI (systemd-boot) from one FAT partition, with an ext4
 * partition labelled slash64-state behind it, unless it is stateless. Nothing is mounted and no root is needed.
 */
export async function makeDisk(request: DiskRequest): Promise<void> {
  await rm(request.file, { force: true })
  await writeFile(request.file, "")
  await truncate(request.file, stateStart + (request.stateless ? 0 : stateBytes))
  await writePartitionTable(request)
  await makeBootPartition(request)
  if (!request.stateless) await makeStatePartition(request)
}

/** A classic partition table: BIOS boots it by its boot code, UEFI finds the system partition by its type. */
async function writePartitionTable({ file, stateless }: DiskRequest): Promise<void> {
  const record = Buffer.alloc(sectorBytes)
  record.set((await readFile(masterBootRecord)).subarray(0, 440))
  record.writeUInt32LE(diskId, 440)
  record.set(renderPartition(bootStart, bootBytes, efiSystemType, true), 446)
  if (!stateless) record.set(renderPartition(stateStart, stateBytes, linuxType, false), 462)
  record.writeUInt16BE(0x55aa, 510)
  await using disk = await open(file, "r+")
  await disk.write(record, 0, record.length, 0)
}

function renderPartition(start: number, length: number, type: number, active: boolean): Buffer {
  const entry = Buffer.alloc(16)
  // Past cylinder 1023 the old geometry fields say only "see the sector numbers".
  entry.set([active ? 0x80 : 0, 0xfe, 0xff, 0xff, type, 0xfe, 0xff, 0xff])
  entry.writeUInt32LE(start / sectorBytes, 8)
  entry.writeUInt32LE(length / sectorBytes, 12)
  return entry
}

async function makeBootPartition(request: DiskRequest): Promise<void> {
  const { file, workDir, signal } = request
  const image = `${file}@@${bootStart}`
  const env = { SOURCE_DATE_EPOCH: String(fakeTime), MTOOLS_SKIP_CHECK: "1", TZ: "UTC" }
  const run = (program: string, args: readonly string[]) => runCommand(program, args, { signal, env })
  const sectors = String(bootBytes / sectorBytes)
  const hidden = String(bootStart / sectorBytes)
  await run("mformat", [
    "-i",
    image,
    "-T",
    sectors,
    "-H",
    hidden,
    "-h",
    "64",
    "-s",
    "32",
    "-N",
    "51A5C640",
    "-v",
    "SLASH64",
    "::",
  ])
  await run("syslinux", ["--offset", String(bootStart), "--install", file])
  const stage = join(workDir, "boot")
  await stageBootFiles(stage, request)
  // One by one: a recursive mcopy takes them in the order of the build machine's file system.
  for (const folder of bootFolders) await run("mmd", ["-i", image, `::/${folder}`])
  const names = request.efiLoader === undefined ? bootFiles.filter((name) => name !== efiProgram) : bootFiles
  for (const name of names) await run("mcopy", ["-i", image, "-m", join(stage, name), `::/${name}`])
}

const bootFolders = ["EFI", "EFI/BOOT", "loader", "loader/entries"]
const efiProgram = "EFI/BOOT/BOOTX64.EFI"
const bootFiles = ["vmlinuz", "initrd", "syslinux.cfg", efiProgram, "loader/loader.conf", "loader/entries/slash64.conf"]

async function stageBootFiles(stage: string, request: DiskRequest): Promise<void> {
  await rm(stage, { recursive: true, force: true })
  await mkdir(join(stage, "EFI/BOOT"), { recursive: true })
  await mkdir(join(stage, "loader/entries"), { recursive: true })
  await writeFile(join(stage, "vmlinuz"), request.kernel)
  await writeFile(join(stage, "initrd"), request.initramfs)
  await writeFile(join(stage, "syslinux.cfg"), renderSyslinux(request.commandLine))
  if (request.efiLoader !== undefined) await writeFile(join(stage, efiProgram), request.efiLoader)
  await writeFile(join(stage, "loader/loader.conf"), "timeout 0\neditor no\n")
  await writeFile(join(stage, "loader/entries/slash64.conf"), renderLoaderEntry(request.commandLine))
  // mcopy keeps the times of files.
  for (const path of await readdir(stage, { recursive: true })) await utimes(join(stage, path), fakeTime, fakeTime)
}

function renderSyslinux(commandLine: string): string {
  return `DEFAULT slash64\nPROMPT 0\nLABEL slash64\n  LINUX /vmlinuz\n  INITRD /initrd\n  APPEND ${commandLine}\n`
}

function renderLoaderEntry(commandLine: string): string {
  return `title slash64\nlinux /vmlinuz\ninitrd /initrd\noptions ${commandLine}\n`
}

/** Blocks of 1 KiB: a reservation is a file of about 100 bytes, and there may be ten thousand of them. */
async function makeStatePartition({ file, signal }: DiskRequest): Promise<void> {
  const extended = [`offset=${stateStart}`, `hash_seed=${stateUuid}`, "lazy_itable_init=1", "root_owner=0:0"].join(",")
  const shape = [
    "-t",
    "ext4",
    "-b",
    "1024",
    "-N",
    "131072",
    "-J",
    "size=8",
    "-m",
    "1",
    "-U",
    stateUuid,
    "-L",
    "slash64-state",
  ]
  await runCommand("mke2fs", ["-q", "-F", ...shape, "-E", extended, file, String(stateBytes / 1024)], {
    signal,
    env: {
      E2FSPROGS_FAKE_TIME: String(fakeTime),
      PATH: `${process.env["PATH"] ?? ""}:/sbin:/usr/sbin`,
    },
  })
}
