import type { Progress } from "@slash64/core"
import type { Output } from "../world.ts"
import { plainText } from "@slash64/core"

/** Progress on one line of a terminal that is written over; nothing where standard error is no terminal. */
export class ProgressLine {
  readonly #output: Output
  #shown = false

  constructor(output: Output) {
    this.#output = output
  }

  report(progress: Progress): void {
    if (!this.#output.isTerminal) return
    const width = Math.max(this.#output.columns - 1, 20)
    const line = plainText(progressText(progress)).replaceAll("\n", " ").slice(0, width)
    this.#output.write(`\r\u001b[K${line}`)
    this.#shown = true
  }

  /** Clears the line before anything else is written. */
  clear(): void {
    if (this.#shown) this.#output.write("\r\u001b[K")
    this.#shown = false
  }
}

export function progressText({ step, done, total, unit }: Progress): string {
  if (done === undefined) return step
  const amount = (count: number): string => (unit === "bytes" ? `${(count / 1024 ** 2).toFixed(1)} MiB` : String(count))
  return total === undefined ? `${step} ${amount(done)}` : `${step} ${amount(done)} of ${amount(total)}`
}
