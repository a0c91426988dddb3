import { labHome, openLabRooms, type LabRooms } from "@slash64/tool-lab"
import { removeRouter, newCall } from "@slash64/core"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { lives, vmPlayers, type VmPlayer } from "../guest-matrix/cells.ts"
import { renewDocument } from "../guest-matrix/renew-document.ts"
import { marksOf, vmKeyOf } from "../guest-matrix/render-matrix.ts"
import type { VmHost } from "./guest-vm.ts"
import { liveInVm } from "./live-in-vm.ts"
import { watchWire, type WireWatch } from "./watch-wire.ts"

const dhcpAndRa = "udp port 546 or udp port 547 or icmp6[0] == 134"

/** The guests of a hypervisor, in real VMs beside a real router VM. */
export function describeGuestVms(hypervisor: VmPlayer["hypervisor"], open: () => Promise<VmHost>): void {
  describe(`a guest VM on ${hypervisor} has its address, routes and resolver`, () => {
    let vms: VmHost
    let lab: LabRooms
    let wire: WireWatch
    beforeAll(async () => {
      vms = await open()
      lab = await openLabRooms(labHome(vms.dir))
      const network = await lab.rooms.store.findNetwork(vms.network)
      const router = await lab.rooms.store.findRouter(network?.id ?? "")
      wire = await watchWire(vms.enter, await vms.portOf(router?.guestMac ?? ""), dhcpAndRa)
    })
    afterAll(async () => {
      await wire?.end()
      await lab?.close()
      await vms?.close()
    })

    const here = vmPlayers.filter((player) => player.hypervisor === hypervisor)
    it.each(here)("$client", async (player) => {
      const client = player.client === "dhclient" ? "dhclient" : "networkd"
      const { outcome, seconds } = await liveInVm(client, { vms, rooms: lab.rooms, wire })
      process.stdout.write(
        `${hypervisor}, ${client}: ${JSON.stringify(seconds)} s from the first Solicit or Confirm to the address\n`,
      )
      await renewDocument([[vmKeyOf(player), marksOf(outcome, seconds)]])
      expect(outcome).toEqual(Object.fromEntries(lives.map((life) => [life, []])))
    })

    it("hears from the router that it is a router no more when it is removed", async () => {
      expect(lifetimes(wire.lines()).at(-1)).toBe("1800s")
      const before = wire.lines().length
      await removeRouter({ network: vms.network, force: true }, lab.rooms, newCall({ timeoutMs: 120_000 }))
      expect(lifetimes(wire.lines().slice(before)).at(-1)).toBe("0s")
    })
  })
}

/** Of all Router Advertisements, each with M and O. */
function lifetimes(lines: readonly string[]): readonly (string | undefined)[] {
  return lines.flatMap((line) => {
    const [, lifetime] = /Flags \[managed, other stateful\].*router lifetime (\d+s)/.exec(line) ?? []
    return lifetime === undefined ? [] : [lifetime]
  })
}
