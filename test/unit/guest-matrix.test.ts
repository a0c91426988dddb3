import { readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "vitest"
import { players, vmPlayers } from "../guest-matrix/cells.ts"
import { keyOf, parseMatrix, renderMatrix, vmKeyOf } from "../guest-matrix/render-matrix.ts"

const written = readFileSync(join(import.meta.dirname, "../../docs/guest-matrix.md"), "utf8")

it("docs/guest-matrix.md has a line for every guest of the matrix, and is as a run writes it", () => {
  const marks = parseMatrix(written)
  expect([...marks.keys()]).toEqual([...players.map(keyOf), ...vmPlayers.map(vmKeyOf)])
  expect(renderMatrix(marks)).toBe(written)
})

it("docs/guest-matrix.md has no cell that is amiss", () => {
  const marks = [...parseMatrix(written).values()].flat()
  expect(marks.filter((mark) => !/^(yes(, \d+\.\d s)?|not run)$/.test(mark))).toEqual([])
})
