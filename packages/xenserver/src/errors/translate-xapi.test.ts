import { describe, expect, it } from "vitest"
import { isNative, translateXapi } from "./translate-xapi.ts"

describe("translateXapi", () => {
  it.each([
    ["SESSION_AUTHENTICATION_FAILED", "UNAUTHENTICATED"],
    ["UUID_INVALID", "NOT_FOUND"],
    ["PIF_VLAN_EXISTS", "ALREADY_EXISTS"],
    ["VM_MISSING_PV_DRIVERS", "FAILED_PRECONDITION"],
    ["HOST_IS_SLAVE", "UNAVAILABLE"],
    ["NEVER_SEEN_IN_A_RECORDING", "INTERNAL"],
    ["toString", "INTERNAL"],
  ])("makes of %s %s, and keeps what XAPI said", (name, code) => {
    const error = translateXapi({ code: name, params: ["a", "b"] }, "VM.start")
    expect(error).toMatchObject({ code, message: `VM.start: ${name} a b`, native: { code: name, params: ["a", "b"] } })
    expect(isNative(error, "OTHER", name)).toBe(true)
    expect(isNative(error, "OTHER")).toBe(false)
  })
})
