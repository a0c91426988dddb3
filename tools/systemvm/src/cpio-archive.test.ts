import { describe, expect, it } from "vitest"
import { renderCpio } from "./cpio-archive.ts"
import { textFile, type FileEntry } from "./file-tree.ts"

describe("a cpio archive", () => {
  const tree = new Map<string, FileEntry>([
    ["usr/bin/tool", textFile("#!/bin/sh\n", 0o755)],
    ["bin", { kind: "link", target: "usr/bin" }],
    ["dev/console", { kind: "device", mode: 0o600, major: 5, minor: 1 }],
  ])

  it("names every member and its parents in order, and ends with the trailer", () => {
    expect(listMembers(renderCpio(tree))).toEqual([
      { path: "bin", mode: "120777", content: "usr/bin", device: "0:0" },
      { path: "dev", mode: "40755", content: "", device: "0:0" },
      { path: "dev/console", mode: "20600", content: "", device: "5:1" },
      { path: "usr", mode: "40755", content: "", device: "0:0" },
      { path: "usr/bin", mode: "40755", content: "", device: "0:0" },
      { path: "usr/bin/tool", mode: "100755", content: "#!/bin/sh\n", device: "0:0" },
      { path: "TRAILER!!!", mode: "0", content: "", device: "0:0" },
    ])
  })

  it("has the same bytes whatever the order of the tree", () => {
    expect(renderCpio(new Map([...tree].toReversed()))).toEqual(renderCpio(tree))
  })
})

function listMembers(archive: Buffer) {
  const members = []
  let offset = 0
  const field = (index: number) =>
    Number.parseInt(archive.toString("latin1", offset + 6 + index * 8, offset + 14 + index * 8), 16)
  while (offset < archive.length) {
    expect(archive.toString("latin1", offset, offset + 6)).toBe("070701")
    const content = aligned(offset + 110 + field(11))
    members.push({
      path: archive.toString("latin1", offset + 110, offset + 110 + field(11) - 1),
      mode: field(1).toString(8),
      content: archive.toString("latin1", content, content + field(6)),
      device: `${field(9)}:${field(10)}`,
    })
    offset = aligned(content + field(6))
  }
  return members
}

function aligned(position: number): number {
  return Math.ceil(position / 4) * 4
}
