import { classNames } from "../../model/schema.ts"
import type { Change } from "../../model/database.ts"
import { type Value, anything, float, text, texts } from "../../model/types.ts"
import type { World } from "../../world.ts"
import { XapiError } from "../../xapi-error.ts"
import { method } from "../method.ts"

const longestWaitMs = 600_000

export const eventMethods = [
  method("event.from", {
    params: { classes: texts, token: text, timeout: float },
    result: anything,
    async run({ classes, token, timeout }, { db }, { signal }) {
      const since = parseToken(token)
      const waitMs = Math.min(Math.max(timeout * 1000, 0), longestWaitMs)
      const until = AbortSignal.any([signal, AbortSignal.timeout(waitMs)])
      const seen = () => db.since(since).filter((change) => isWanted(change, classes))
      let changes = seen()
      while (changes.length === 0 && !until.aborted) {
        await db.changed(until)
        changes = seen()
      }
      return renderEvents(db, changes, since)
    },
  }),
  method("event.inject", {
    params: { class: text, self: text },
    result: text,
    run({ class: given, self }, { db }) {
      const name = classNames.find((one) => one.toLowerCase() === given.toLowerCase())
      if (name === undefined) throw new XapiError("HANDLE_INVALID", given, self)
      return renderToken(db.touch(name, self))
    },
  }),
]

function parseToken(token: string): number {
  if (token === "") return 0
  const match = /^(\d{1,20}),(\d{1,20})$/.exec(token)
  if (match === null) throw new XapiError("EVENT_FROM_TOKEN_PARSE_FAILURE", token)
  return Number(match[1])
}

function renderToken(generation: number): string {
  return `${String(generation).padStart(20, "0")},${"0".repeat(20)}`
}

/** Classes are matched without regard to case; `class/ref` asks for one object. */
function isWanted(change: Change, classes: readonly string[]): boolean {
  if (change.name === "session") return false
  const name = change.name.toLowerCase()
  return classes.some((wanted) => {
    const [wantedName, wantedRef] = wanted.split("/")
    if (wantedName === "*") return true
    return wantedName?.toLowerCase() === name && (wantedRef === undefined || wantedRef === change.ref)
  })
}

function renderEvents(db: World["db"], changes: readonly Change[], since: number): Value {
  const timestamp = String(Date.now() / 1000)
  const events = changes.map(({ name, ref, operation, generation }): Value => {
    const event = { id: generation, timestamp, class: name.toLowerCase(), operation, ref }
    return operation === "del" ? event : { ...event, snapshot: db.read(name, ref) }
  })
  const counts = classNames.filter((name) => name !== "session")
  return {
    events,
    valid_ref_counts: Object.fromEntries(counts.map((name) => [name.toLowerCase(), db.refs(name).length])),
    token: renderToken(Math.max(db.generation, since)),
  }
}
