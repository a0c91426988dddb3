import { describe, expect, it } from "vitest"
import { checkReferences } from "./check-references.ts"

describe("checkReferences", () => {
  it.each([
    { password: "env:XAPI_PASSWORD" },
    { ssh: { privateKey: "file:/root/.ssh/id" } },
    { uri: "qemu:///system" },
  ])("lets references and other fields through: %j", (config) => {
    expect(checkReferences("config", config)).toBe(config)
  })

  it.each([
    [{ password: "hunter2" }, "config.password"],
    [{ rootPassword: "" }, "config.rootPassword"],
    [{ hosts: [{ api_key: "hunter2" }] }, "config.hosts.0.api_key"],
    [{ token: 5 }, "config.token"],
    [{ privateKey: "file:/a\nhunter2" }, "config.privateKey"],
  ])("refuses a secret and does not show it: %j", (config, field) => {
    expect(() => checkReferences("config", config)).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT", field, message: expect.not.stringContaining("hunter2") }),
    )
  })
})
