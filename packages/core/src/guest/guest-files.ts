import { headline } from "./guest-nic.ts"
import type { GuestNic } from "./guest-nic.ts"

/** A file of a guest. `append`: behind what is in it, once; else it is the whole file. */
export interface GuestFile {
  readonly path: string
  readonly mode: "0644" | "0600"
  readonly how: "whole" | "append"
  readonly text: string
}

export interface GuestSetUp {
  readonly files: readonly GuestFile[]
  /** What takes the files into use without a reboot, as root; each is one line of a shell. */
  readonly commands: readonly string[]
  /** What this client cannot do, or what else has to be known. */
  readonly notes: readonly string[]
}

/** A whole file of lines behind a comment that says whose it is. */
export function wholeFile(path: string, nic: GuestNic, lines: readonly string[]): GuestFile {
  return { path, mode: "0644", how: "whole", text: text([`# ${headline(nic)}`, ...lines]) }
}

export function appendedFile(path: string, nic: GuestNic, lines: readonly string[]): GuestFile {
  return { ...wholeFile(path, nic, lines), how: "append" }
}

export function text(lines: readonly string[]): string {
  return `${lines.join("\n")}\n`
}
