import type { GuestConfig } from "./guest-config.ts"
import type { GuestFile } from "./guest-files.ts"

/** A set-up for a person to read and copy: each file under its name, then what to run, then what to know. */
export function guestConfigText({ files, commands, notes }: GuestConfig): string {
  return [
    ...files.map((file) => `=== ${file.path}${how(file)}\n${file.text.replaceAll("\r\n", "\n")}`),
    ...(commands.length === 0 ? [] : [`=== then run, as the administrator\n${commands.join("\n")}\n`]),
    ...notes.map((note) => `note: ${note}\n`),
  ]
    .join("\n")
    .trimEnd()
}

function how({ how: kind, mode }: GuestFile): string {
  if (kind === "append") return " (append, once)"
  return mode === "0600" ? " (mode 0600)" : ""
}
