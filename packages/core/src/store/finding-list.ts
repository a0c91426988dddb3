import { isSlash64Error } from "../errors.ts"
import type { StoreFinding } from "./store-database.ts"

/** So many say enough. */
const most = 200
const putBack = "put back a backup; keep the file for a look"

/** What a check finds, up to a length that a person reads. */
export class FindingList {
  readonly findings: StoreFinding[] = []
  more = 0

  error(subject: string, problem: string, hint = putBack): void {
    this.#add({ severity: "error", subject, problem, hint })
  }

  note(subject: string, problem: string, hint: string): void {
    this.#add({ severity: "note", subject, problem, hint })
  }

  /** What `read` gives; a finding, and undefined, where it throws. */
  attempt<T>(subject: string, read: () => T): T | undefined {
    try {
      return read()
    } catch (error) {
      this.error(subject, error instanceof Error ? error.message : String(error), hintOf(error))
      return undefined
    }
  }

  #add(finding: StoreFinding): void {
    if (this.findings.length < most) this.findings.push(finding)
    else this.more += 1
  }
}

function hintOf(error: unknown): string {
  return isSlash64Error(error) && error.code === "DATA_LOSS" ? (error.hint ?? putBack) : putBack
}
