import type { DatabaseSync } from "node:sqlite"

const [pagesLeast, pagesMost] = [1000, 65_536]
const writesBetween = 1024

/**
 * Lets the journal grow with the file before its pages are copied there. In a small file the same few pages are
 * written again and again, and SQLite's own bound of 1,000 is best. In a large one nearly each of 1,000 is another
 * page somewhere on the disk: with a million NICs that costs more than the commits do, and a fifth of it when the
 * journal is as long as the file (4 KiB a page, so 256 MiB at most).
 */
export class JournalBound {
  readonly #database: DatabaseSync
  #writes = 0

  constructor(database: DatabaseSync) {
    this.#database = database
  }

  set(): void {
    const pages = Number(this.#database.prepare("PRAGMA page_count").get()?.["page_count"] ?? 0)
    this.#database.exec(`PRAGMA wal_autocheckpoint = ${Math.min(Math.max(pages, pagesLeast), pagesMost)}`)
  }

  /** To be called with every write, within its transaction: then no other process is in the way. */
  follow(): void {
    this.#writes += 1
    if (this.#writes % writesBetween === 0) this.set()
  }
}
