import { pino } from "pino"
import { describe, expect, it } from "vitest"
import { withoutSecrets } from "./road-log.ts"

describe("withoutSecrets", () => {
  it.each(["debug", "info", "warn", "error"] as const)(
    "takes secrets out of %s, and out of a child's fields",
    (level) => {
      const lines: string[] = []
      const log = withoutSecrets(pino({ level: "trace" }, { write: (line) => lines.push(line) }))
      log[level]({ url: "https://root:hunter2@xen7" }, "connecting")
      log.child({ requestId: "r1", token: "hunter2" })[level]({ password: "hunter2" }, "connected")
      expect(lines.map((line) => JSON.parse(line))).toMatchObject([
        { url: "https://root:(not shown)@xen7", msg: "connecting" },
        { requestId: "r1", token: "(not shown)", password: "(not shown)", msg: "connected" },
      ])
      expect(lines.join("")).not.toContain("hunter2")
    },
  )
})
