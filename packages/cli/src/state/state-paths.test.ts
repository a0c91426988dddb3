import { describe, expect, it } from "vitest"
import { statePaths } from "./state-paths.ts"

describe("statePaths", () => {
  it.each([
    [{ XDG_STATE_HOME: "/var/state", HOME: "/root" }, "/var/state/slash64/slash64.db"],
    [{ HOME: "/root" }, "/root/.local/state/slash64/slash64.db"],
    [{ XDG_STATE_HOME: "relative", HOME: "/root" }, "/root/.local/state/slash64/slash64.db"],
    [{ XDG_STATE_HOME: "", HOME: "/root" }, "/root/.local/state/slash64/slash64.db"],
  ])("%j", (env, db) => {
    expect(statePaths(env, undefined).db).toBe(db)
  })

  it("keeps keys and secret beside a chosen database", () => {
    const beside = { folder: "/srv", keys: "/srv/keys", secret: "/srv/secret" }
    expect(statePaths({}, "/srv/lab.db")).toEqual({ db: "/srv/lab.db", shownDb: "/srv/lab.db", ...beside })
    expect(statePaths({ SLASH64_DB: "/srv/lab.db" }, undefined).db).toBe("/srv/lab.db")
    expect(statePaths({ SLASH64_DB: "/srv/lab.db" }, "/tmp/other.db").db).toBe("/tmp/other.db")
    expect(statePaths({ SLASH64_DB: "", HOME: "/root" }, undefined).folder).toBe("/root/.local/state/slash64")
  })

  it.each([
    ["postgres://me:p:/@w@db/slash64?sslmode=require", "postgres://me:***@db/slash64?sslmode=require"],
    ["postgresql://me@db/slash64", "postgresql://me@db/slash64"],
    ["postgres:///slash64", "postgres:///slash64"],
  ])("keeps what belongs to %s on this machine, and hides its password", (db, shownDb) => {
    const folder = "/var/state/slash64"
    expect(statePaths({ XDG_STATE_HOME: "/var/state" }, db)).toEqual({
      db,
      shownDb,
      folder,
      keys: `${folder}/keys`,
      secret: `${folder}/secret`,
    })
  })
})
