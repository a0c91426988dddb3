import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { nameOf, players, type Life } from "../guest-matrix/cells.ts"
import { openMatrixGround, type MatrixGround } from "../guest-matrix/ground.ts"
import { liveThrough } from "../guest-matrix/live-through.ts"
import { unpackClients } from "./client-guest.ts"

const lives: readonly Life[] = ["first boot", "reinstalled", "cloned"]
const core = players.filter(({ family, nicCount }) => family === "IPv6 only" && nicCount === 2)

/** The core of docs/guest-matrix.md; `npm run test:all` runs the whole. */
describe("a guest with two NICs on IPv6 has its addresses, routes and resolver", () => {
  let ground: MatrixGround
  let tree = ""
  beforeAll(async () => {
    tree = await unpackClients()
    ground = await openMatrixGround("IPv6 only")
  })
  afterAll(() => ground?.close())

  const named = core.map((player) => [nameOf(player), player] as const)
  it.concurrent.each(named)("%s", { timeout: 300_000 }, async (_, player) => {
    expect(await liveThrough(player, ground, tree, lives)).toEqual(Object.fromEntries(lives.map((life) => [life, []])))
  })
})
