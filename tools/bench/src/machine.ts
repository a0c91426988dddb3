import { execFile } from "node:child_process"
import { availableParallelism, cpus, release, totalmem } from "node:os"
import { promisify } from "node:util"

const execute = promisify(execFile)
const root = `${import.meta.dirname}/../../..`

/** What a figure depends on beside the code. */
export interface MachineRecord {
  readonly cpu: string
  readonly cores: number
  readonly memoryGiB: number
  readonly kernel: string
  /** Of the directory in which databases are measured. */
  readonly fileSystem: string
  readonly node: string
  readonly sqlite: string
}

export async function describeMachine(directory: string): Promise<MachineRecord> {
  return {
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    fileSystem: await firstLine("findmnt", ["--noheadings", "--output", "FSTYPE", "--target", directory]),
    node: process.versions.node,
    sqlite: process.versions["sqlite"] ?? "unknown",
  }
}

/** The commit that is measured, with a word where files differ from it. */
export async function describeCommit(): Promise<string> {
  const commit = await firstLine("git", ["-C", root, "rev-parse", "--short=12", "HEAD"])
  const changed = await firstLine("git", ["-C", root, "status", "--porcelain"], "")
  return changed === "" ? commit : `${commit} with changes`
}

async function firstLine(program: string, args: readonly string[], otherwise = "unknown"): Promise<string> {
  const answer = await execute(program, args).catch(() => ({ stdout: "" }))
  return answer.stdout.split("\n")[0]?.trim() || otherwise
}
