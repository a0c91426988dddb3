import type { WriteStream } from "node:tty"

/** One line of a terminal that is written over; elsewhere nothing. */
export class ProgressLine {
  readonly #stream: Pick<WriteStream, "isTTY" | "columns" | "write">

  constructor(stream: Pick<WriteStream, "isTTY" | "columns" | "write">) {
    this.#stream = stream
  }

  show(text: string): void {
    if (this.#stream.isTTY) this.#stream.write(`\r\u001b[K${text.slice(0, this.#stream.columns - 1)}`)
  }

  clear(): void {
    this.show("")
  }
}
