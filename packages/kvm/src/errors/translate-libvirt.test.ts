import { newCall } from "@slash64/core"
import { LibvirtConnectionError, LibvirtError } from "@slash64/libvirt-rpc"
import { describe, expect, it } from "vitest"
import { isNative, translateLibvirt } from "./translate-libvirt.ts"

const wire = { level: 2, dom: null, str1: null, str2: null, str3: null, int1: 0, int2: 0, net: null }
const libvirt = (code: number, message = "words", domain = 10): LibvirtError =>
  new LibvirtError("domainCreate", { ...wire, code, domain, message })

describe("translateLibvirt", () => {
  it.each([
    [42, "words", "NOT_FOUND"],
    [43, "words", "NOT_FOUND"],
    [49, "words", "NOT_FOUND"],
    [50, "words", "NOT_FOUND"],
    [55, "words", "FAILED_PRECONDITION"],
    [45, "words", "UNAUTHENTICATED"],
    [88, "words", "PERMISSION_DENIED"],
    [68, "cannot acquire state change lock", "UNAVAILABLE"],
    [38, "cannot write: No space left on device", "RESOURCE_EXHAUSTED"],
    [1, "internal error: No more available PCI slots", "RESOURCE_EXHAUSTED"],
    [9, "Storage source conflict with pool: 'x'", "ALREADY_EXISTS"],
    [38, "error creating bridge interface s64-control: File exists", "ALREADY_EXISTS"],
    [1, "words", "INTERNAL"],
    [9999, "a code of a later libvirt", "INTERNAL"],
  ])("makes of %i %j a %s", (code, message, expected) => {
    const error = translateLibvirt(libvirt(code, message))
    expect(error.code).toBe(expected)
    expect(error.message).toContain(message)
    expect(error.hint).toMatch(/.{10}/)
    expect(error.native).toMatchObject({ code, domain: 10, procedure: "domainCreate" })
  })

  it.each([
    ["UNREACHABLE", "UNAVAILABLE"],
    ["CLOSED", "UNAVAILABLE"],
    ["KEEPALIVE", "UNAVAILABLE"],
    ["AUTHENTICATION", "UNAUTHENTICATED"],
  ] as const)("makes of the connection's %s a %s", (code, expected) => {
    expect(translateLibvirt(new LibvirtConnectionError(code, "words")).code).toBe(expected)
  })

  it("says when a mutation may have happened", () => {
    const lost = new LibvirtConnectionError("CLOSED", "lost", { outcome: "unknown" })
    expect(translateLibvirt(lost)).toMatchObject({ code: "UNAVAILABLE", outcome: "unknown" })
    const cancel = AbortSignal.abort()
    const aborted = new LibvirtConnectionError("ABORTED", "aborted", { outcome: "unknown" })
    expect(translateLibvirt(aborted, cancel)).toMatchObject({ code: "CANCELLED", outcome: "unknown" })
  })

  it("leaves an error of ours alone", async () => {
    const call = newCall({ signal: AbortSignal.abort() })
    const ours = translateLibvirt(new Error("x"), call.signal)
    expect(translateLibvirt(ours)).toBe(ours)
  })
})

describe("isNative", () => {
  it("knows an error by libvirt's name for it", () => {
    expect(isNative(translateLibvirt(libvirt(42)), "VIR_ERR_NO_DOMAIN")).toBe(true)
    expect(isNative(translateLibvirt(libvirt(43)), "VIR_ERR_NO_DOMAIN")).toBe(false)
    expect(isNative(new Error("x"), "VIR_ERR_NO_DOMAIN")).toBe(false)
  })
})
