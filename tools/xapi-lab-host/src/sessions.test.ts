import { describe, expect, it } from "vitest"
import { Database } from "./model/database.ts"
import { nullRef } from "./model/types.ts"
import { Sessions } from "./sessions.ts"

const account = { user: "root", password: "lab" }
const hour = 3_600_000

describe("Sessions", () => {
  it("end when they are idle for a day, and not before", () => {
    let now = 0
    const sessions = new Sessions(
      new Database(),
      account,
      () => nullRef,
      () => now,
    )
    const ref = sessions.logIn("root", "lab", "test")
    now += 23 * hour
    sessions.check(ref)
    now += 23 * hour
    sessions.check(ref)
    now += 24 * hour + 1
    expect(() => sessions.check(ref)).toThrow(`SESSION_INVALID(${ref})`)
    expect(() => sessions.logOut(ref)).toThrow("SESSION_INVALID")
  })

  it("make room for the 501st of an originator, the one that was idle longest first", () => {
    const db = new Database()
    const sessions = new Sessions(db, account, () => nullRef)
    const other = sessions.logIn("root", "lab", "other")
    const refs = Array.from({ length: 500 }, () => sessions.logIn("root", "lab", "test"))
    sessions.check(refs[0] ?? "")
    sessions.logIn("root", "lab", "test")
    expect(() => sessions.check(refs[1] ?? "")).toThrow("SESSION_INVALID")
    for (const ref of [other, refs[0] ?? "", refs[2] ?? ""]) sessions.check(ref)
    expect(db.refs("session")).toHaveLength(501)
  })
})
