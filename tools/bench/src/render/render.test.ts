import { describe, expect, it } from "vitest"
import type { ComparisonResult } from "../compare.ts"
import { formatFigure, formatNumber } from "../figures.ts"
import type { Report } from "../report.ts"
import { findTable, renderDocument, renderTable, tableEnd, tableStart } from "./render-document.ts"
import { renderText } from "./render-text.ts"

const spread = { median: 2, min: 1.5, max: 2.5 }
const speed: ComparisonResult = {
  title: "in a row",
  by: "speed",
  target: 3,
  met: false,
  ratio: spread,
  rounds: 7,
  ours: { name: "claims", figure: { median: 8123.4, min: 800, max: 9000 } },
  peer: { name: "rows", figure: { median: 4, min: 3, max: 5 }, source: "of old" },
}
const cost: ComparisonResult = {
  title: "held",
  by: "cost",
  ratio: spread,
  cpuRatio: spread,
  rounds: 8,
  ours: { name: "many", figure: { median: 0.000_12, min: 0.000_1, max: 0.012 } },
  peer: { name: "few", figure: { median: 0.5, min: 0.4, max: 1.2345 } },
}
const report: Report = {
  date: "2026-01-02T03:04:05.000Z",
  commit: "abc",
  machine: { cpu: "CPU", cores: 2, memoryGiB: 8, kernel: "6.1", fileSystem: "ext4", node: "24", sqlite: "3.53" },
  measures: [
    { id: "P1", title: "assign", comparisons: [speed, cost], notes: ["5 MiB"] },
    { id: "P4", title: "Neutron", comparisons: [], notes: [], skipped: "no network" },
  ],
}

describe("figures", () => {
  it.each([
    [1234567, "1,234,567"],
    [100.4, "100"],
    [99.94, "99.9"],
    [0.012345, "0.0123"],
    [7, "7"],
  ])("%s is written %s", (figure, text) => {
    expect(formatNumber(figure)).toBe(text)
  })

  it.each([
    ["speed", 8123.4, "8,123/s"],
    ["cost", 2.5, "2.5 s"],
    ["cost", 0.0025, "2.5 ms"],
    ["cost", 0.000_002_5, "2.5 µs"],
  ] as const)("by %s, %s is written %s", (by, figure, text) => {
    expect(formatFigure(by, figure)).toBe(text)
  })
})

describe("renderText", () => {
  it("gives ratio, target and both sides' figures", () => {
    expect(report.measures.map(renderText).join("")).toBe(`P1: assign
  in a row: 2 x (1.5 to 2.5) in 7 rounds; at least 3 x: missed
    ours: claims: 8,123/s (800/s to 9,000/s)
    peer: rows: 4/s (3/s to 5/s), of old
  held: 2 x (1.5 to 2.5) in 8 rounds; no target
    ours: many: 120 µs (100 µs to 12 ms)
    peer: few: 500 ms (400 ms to 1.23 s)
    by CPU time: 2 x (1.5 to 2.5)
  5 MiB
P4: Neutron
  not measured: no network
`)
  })
})

describe("renderDocument", () => {
  it("has a row for each comparison, misses and what was not measured too", () => {
    const table = renderTable(report)
    expect(table).toContain("| P1 | assign, in a row: claims / rows (recorded) | 2 x (1.5 to 2.5) | ≥ 3 x | missed |\n")
    expect(table).toContain("| P1 | assign, held: many / few | 2 x (1.5 to 2.5) |  |  |\n")
    expect(table).toContain("| P4 | Neutron | not measured | | |\n")
    expect(table).toContain("2026-01-02, commit abc; CPU, 2 cores, 8 GiB, Linux 6.1, ext4, Node 24, SQLite 3.53.")
  })

  it("has the table, the figures, the notes and the reasons", () => {
    const document = renderDocument(report)
    expect(document).toContain("  - rows: 4/s (3/s to 5/s), of old\n")
    expect(document).toContain("- 5 MiB\n")
    expect(document).toContain("Not measured: no network\n")
    expect(findTable(document)).toBe(renderTable(report))
  })

  it("finds a table by its marks alone", () => {
    expect(findTable(`before\n${tableStart}\n${tableEnd}\nafter`)).toBe(`${tableStart}\n${tableEnd}`)
    expect(findTable("before")).toBeUndefined()
    expect(findTable(`${tableEnd} ${tableStart}`)).toBeUndefined()
  })
})
