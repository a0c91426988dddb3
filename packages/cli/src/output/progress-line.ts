import type { Progress } from "@slash64/core"
import { plain } from "./plain.ts"

/** Progress on one line of a terminal that is written over; nothing where standard error is no terminal. */
export class ProgressLine {
  readonly #write: (text: string) => void
  readonly #columns: number
  #shown = false

  constructor(write: (text: string) => void, columns: number) {
    this.#write = write
    this.#columns = columns
  }

  report(progress: Progress): void {
    const line = plain(progressText(progress)).replaceAll("\n", " ").slice(0, Math.max(this.#columns - 1, 20))
    this.#write(`\r\u001b[K${line}`)
    this.#shown = true
  }

  /** Clears the line before anything else is written. */
  clear(): void {
    if (this.#shown) this.#write("\r\u001b[K")
    this.#shown = false
  }
}

export function progressText({ step, done, total, unit }: Progress): string {
  if (done === undefined) return step
  const amount = (count: number): string => (unit === "bytes" ? `${(count / 1024 ** 2).toFixed(1)} MiB` : String(count))
  return total === undefined ? `${step} ${amount(done)}` : `${step} ${amount(done)} of ${amount(total)}`
}
