import { describe, expect, it } from "vitest"
import { Database } from "./database.ts"

describe("Database.since", () => {
  it("gives one entry a row, and none for what came and went", () => {
    const db = new Database()
    const kept = db.add("network", { name_label: "kept", other_config: {} })
    const start = db.generation
    db.set("network", kept, { name_label: "changed" })
    db.set("network", kept, { name_label: "again" })
    const added = db.add("network", { name_label: "added", other_config: {} })
    db.set("network", added, { MTU: 1400 })
    const brief = db.add("network", { name_label: "brief", other_config: {} })
    db.remove("network", brief)
    expect(db.since(start).map(({ ref, operation }) => [ref, operation])).toEqual([
      [kept, "mod"],
      [added, "add"],
    ])
    expect(db.since(db.generation)).toEqual([])
  })

  it("has the row that another points at, since its record shows it", () => {
    const db = new Database()
    const network = db.add("network", { name_label: "", other_config: {} })
    const start = db.generation
    const pif = db.add("PIF", { network })
    expect(db.get("network", network).PIFs).toEqual([pif])
    expect(db.since(start).map(({ ref, operation }) => [ref, operation])).toEqual([
      [network, "mod"],
      [pif, "add"],
    ])
  })
})
