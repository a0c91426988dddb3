import { describe, expect, it } from "vitest"
import { plainText } from "@slash64/core"
import { progressText } from "./progress-line.ts"
import { shellWords } from "./shell-words.ts"
import { card, table } from "./table.ts"

describe("table", () => {
  it("puts columns in line, a dash where nothing is", () => {
    expect(
      table(
        ["name", "ipv6"],
        [
          ["blue", undefined],
          ["b", "fd00::/64"],
        ],
        "none",
      ),
    ).toBe("NAME  IPV6\nblue  -\nb     fd00::/64")
  })

  it("says that there is nothing", () => {
    expect(table(["name"], [], "no networks")).toBe("no networks")
  })

  it("keeps a VM's name on its line", () => {
    expect(table(["name"], [["a\nb\u001b[31m"]], "")).toBe("NAME\na b\u{fffd}[31m")
  })
})

describe("card", () => {
  it("leaves out what is not there", () => {
    expect(card({ network: "blue", ipv4: undefined, mtu: 1500 })).toBe("network  blue\nmtu      1500")
  })
})

describe("plain", () => {
  it.each(["\u001b[2J", "\u0007", "\u009b31m", "\r", "\u202e"])("disarms %j", (text) => {
    expect(plainText(text)).not.toContain(text.slice(0, 1))
  })
})

describe("progressText", () => {
  it.each([
    [{ step: "plugging the NIC" }, "plugging the NIC"],
    [{ step: "uploading", done: 1_048_576, total: 4_194_304, unit: "bytes" as const }, "uploading 1.0 MiB of 4.0 MiB"],
    [{ step: "building", done: 2, total: 6 }, "building 2 of 6"],
  ])("%j", (progress, text) => {
    expect(progressText(progress)).toBe(text)
  })
})

describe("shellWords", () => {
  it.each([
    [["nic", "attach", "blue", "web1"], "nic attach blue web1"],
    [["a b", "it's", "$(x)", ""], `'a b' 'it'\\''s' '$(x)' ''`],
  ])("%j", (words, text) => {
    expect(shellWords(words)).toBe(text)
  })
})
