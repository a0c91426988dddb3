import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { families, lives, nameOf, players, type Outcome, type Player } from "../guest-matrix/cells.ts"
import { openMatrixGround, type MatrixGround } from "../guest-matrix/ground.ts"
import { liveThrough } from "../guest-matrix/live-through.ts"
import { renewDocument } from "../guest-matrix/renew-document.ts"
import { keyOf, marksOf } from "../guest-matrix/render-matrix.ts"
import { unpackClients } from "../integration/client-guest.ts"

const outcomes = new Map<Player, Outcome>()

describe.each(families)("a guest on %s has its addresses, routes and resolver", (family) => {
  let ground: MatrixGround
  let tree = ""
  beforeAll(async () => {
    tree = await unpackClients()
    ground = await openMatrixGround(family)
  })
  afterAll(() => ground?.close())

  const here = players.filter((player) => player.family === family).map((player) => [nameOf(player), player] as const)
  it.concurrent.each(here)("%s", async (_, player) => {
    const outcome = await liveThrough(player, ground, tree)
    outcomes.set(player, outcome)
    expect(outcome).toEqual(Object.fromEntries(lives.map((life) => [life, []])))
  })
})

afterAll(() => renewDocument([...outcomes].map(([player, outcome]) => [keyOf(player), marksOf(outcome)])))
