import { rm } from "node:fs/promises"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { clients, nameOf, type Player } from "../guest-matrix/cells.ts"
import { filesFor } from "../guest-matrix/clients.ts"
import { nicsOf, openMatrixGround, type MatrixGround } from "../guest-matrix/ground.ts"
import { bootMatrixGuest } from "../guest-matrix/matrix-guest.ts"
import { cloneGuestDisk, makeGuestDisk, unpackClients } from "../integration/client-guest.ts"

const installation = { machineId: "0123456789abcdef0123456789abcdef", iaid: 4097, again: false }
const players: readonly Player[] = clients.map((client) => ({ client, family: "dual stack", nicCount: 2 }))

/** What `slash64 nic default` does: both routers are told, and the guest's set-ups are made anew. */
describe("guests with two NICs whose default becomes the other", () => {
  let ground: MatrixGround
  let moved: MatrixGround
  let tree = ""
  beforeAll(async () => {
    tree = await unpackClients()
    ground = await openMatrixGround("dual stack")
    const [first, second] = ground.links
    moved = { ...ground, links: [otherwise(first), otherwise(second)] }
  })
  afterAll(() => ground?.close())

  it("have their default route and name servers there, and there alone", async () => {
    const disks: string[] = []
    const live = async (player: Player, links: MatrixGround, disk: string): Promise<readonly string[]> => {
      disks.push(disk)
      const nics = nicsOf(links, player, false)
      const guest = await bootMatrixGuest({ ground: links, player, nics, disk, tree, installation })
      try {
        return await guest.check()
      } finally {
        await guest.cutPower()
      }
    }
    try {
      const files = (player: Player, links: MatrixGround) =>
        filesFor(player.client, nicsOf(links, player, false), installation)
      const firstLife = async (player: Player) => {
        const disk = await makeGuestDisk(installation.machineId, files(player, ground))
        return { player, disk, problems: await live(player, ground, disk) }
      }
      const before = await Promise.all(players.map(firstLife))
      expect(before.flatMap(({ player, problems }) => problems.map((one) => `${nameOf(player)}: ${one}`))).toEqual([])

      for (const { router, state } of moved.links) await router.use(state)

      const secondLife = async ({ player, disk }: { readonly player: Player; readonly disk: string }) => {
        const set = await cloneGuestDisk(disk, files(player, ground), files(player, moved))
        return (await live(player, moved, set)).map((one) => `${nameOf(player)}: ${one}`)
      }
      expect((await Promise.all(before.map(secondLife))).flat()).toEqual([])
    } finally {
      for (const disk of disks) await rm(disk, { recursive: true, force: true })
    }
  })
})

function otherwise(link: MatrixGround["links"][0]): MatrixGround["links"][0] {
  const reservations = link.state.reservations.map((one) => ({ ...one, isDefault: !one.isDefault }))
  return { ...link, state: { ...link.state, reservations } }
}
