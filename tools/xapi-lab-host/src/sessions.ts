import type { Database } from "./model/database.ts"
import type { Ref } from "./model/types.ts"
import { wireTime } from "./wire-time.ts"
import { XapiError } from "./xapi-error.ts"

export interface Account {
  readonly user: string
  readonly password: string
}

const idleMs = 24 * 3600 * 1000
const sessionsAnOriginator = 500

/** Who is logged in. A session ends when it is idle for a day; the oldest of an originator makes room for its 501st. */
export class Sessions {
  readonly #db: Database
  readonly #account: Account
  readonly #host: () => Ref
  readonly #now: () => number
  /** In the order of their last call. */
  readonly #lastCalls = new Map<Ref, number>()

  /** `host`: the one that answers. */
  constructor(db: Database, account: Account, host: () => Ref, now: () => number = Date.now) {
    this.#db = db
    this.#account = account
    this.#host = host
    this.#now = now
  }

  logIn(user: string, password: string, originator: string): Ref {
    if (user !== this.#account.user || password !== this.#account.password) {
      throw new XapiError("SESSION_AUTHENTICATION_FAILED", user, "Authentication failure")
    }
    this.#makeRoom(originator)
    const time = wireTime(this.#now())
    const ref = this.#db.add("session", {
      this_host: this.#host(),
      auth_user_name: user,
      originator,
      pool: false,
      last_active: time,
      validation_time: time,
    })
    this.#lastCalls.set(ref, this.#now())
    return ref
  }

  /** SESSION_INVALID when it is not there, or was idle too long. */
  check(ref: Ref): void {
    const lastCall = this.#lastCalls.get(ref)
    if (lastCall !== undefined && this.#now() - lastCall > idleMs) this.#end(ref)
    if (!this.#lastCalls.delete(ref)) throw new XapiError("SESSION_INVALID", ref)
    this.#lastCalls.set(ref, this.#now())
  }

  logOut(ref: Ref): void {
    this.check(ref)
    this.#end(ref)
  }

  endAll(): void {
    for (const ref of this.#lastCalls.keys()) this.#end(ref)
  }

  #makeRoom(originator: string): void {
    const theirs = [...this.#lastCalls.keys()].filter((ref) => this.#db.get("session", ref).originator === originator)
    for (const ref of theirs.slice(0, Math.max(0, theirs.length - sessionsAnOriginator + 1))) this.#end(ref)
  }

  #end(ref: Ref): void {
    this.#lastCalls.delete(ref)
    this.#db.remove("session", ref)
  }
}
