import type { Progress } from "@slash64/core"

/** Tells how far the lab is: a line when a step begins, with the time since the start. */
export class Steps {
  readonly #write: (line: string) => void
  readonly #started = performance.now()
  #current = "starting"
  #detail = ""

  constructor(write: (line: string) => void) {
    this.#write = write
  }

  /** The step that goes on, or that failed. */
  get current(): string {
    return this.#current
  }

  get elapsedMs(): number {
    return Math.round(performance.now() - this.#started)
  }

  async step<Result>(name: string, deed: () => Promise<Result>): Promise<Result> {
    this.#current = name
    this.#detail = ""
    this.#line(name)
    return deed()
  }

  /** What the road under way says; each thing once. */
  report(progress: Progress): void {
    if (progress.step === this.#detail) return
    this.#detail = progress.step
    this.#line(`  ${progress.step}`)
  }

  note(text: string): void {
    this.#line(`  ${text}`)
  }

  #line(text: string): void {
    const seconds = (performance.now() - this.#started) / 1000
    this.#write(`[${seconds.toFixed(1).padStart(6)} s] ${text}\n`)
  }
}
