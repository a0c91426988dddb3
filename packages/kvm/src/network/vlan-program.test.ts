import { spawnSync } from "node:child_process"
import { describe, expect, it } from "vitest"
import { vlanHook, vlanProgram, vlanState } from "./vlan-program.ts"

/** Runs a script as a POSIX shell does, with these arguments. */
function sh(script: string, ...args: readonly string[]): { status: number | null; stderr: string } {
  const { status, stderr } = spawnSync("sh", ["-c", script, "slash64-network", ...args], { encoding: "utf8" })
  return { status, stderr }
}

describe("the program that makes VLAN bridges", () => {
  it.each([
    ["program", vlanProgram],
    ["hook", vlanHook],
  ])("is a %s that a POSIX shell takes", (_, script) => {
    expect(spawnSync("sh", ["-n", "-c", script], { encoding: "utf8" }).stderr).toBe("")
  })

  it.each([
    "",
    "eth0",
    "s64-",
    "s64-short",
    "s64-abcdefghi0",
    "s64-abcdefghijk",
    "../etc/passwd",
    "s64-abcdefgh/.",
    "x\ns64-abcdefghij",
    "$(id)",
  ])("refuses the name %j and touches nothing", (name) => {
    const { status, stderr } = sh(vlanProgram, "down", name)
    expect([status, stderr]).toEqual([1, expect.stringContaining("not the name of a slash64 network")])
  })

  it.each([[[]], [["up"]], [["sideways", "s64-abcdefghij"]]])("refuses the arguments %j", (args) => {
    expect(sh(vlanProgram, ...args).status).toBe(1)
  })

  it("does not come up without its state file", () => {
    expect(sh(vlanProgram, "up", "s64-aaaaaaaaaa").stderr).toContain("no /etc/slash64/networks/s64-aaaaaaaaaa")
  })

  it("goes down when there is nothing", () => {
    expect(sh(vlanProgram, "down", "s64-aaaaaaaaaa")).toEqual({ status: 0, stderr: "" })
  })

  it.each([
    ["another operation", ["s64-aaaaaaaaaa", "started", "begin"]],
    ["a network of somebody else", ["default", "start", "begin"]],
  ])("is not run by the hook for %s", (_, args) => {
    expect(sh(vlanHook, ...args)).toEqual({ status: 0, stderr: "" })
  })

  it("reads a state of three lines", () => {
    expect(vlanState("eth0", 100, 1500)).toBe("uplink=eth0\nvlan=100\nmtu=1500\n")
  })
})
