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
    expect(statePaths({}, "/srv/lab.db")).toEqual({ db: "/srv/lab.db", keys: "/srv/keys", secret: "/srv/secret" })
  })
})
