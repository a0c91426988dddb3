import {
  duidLl,
  guestConfig,
  openSqliteStore,
  parseNicMac,
  planNetwork,
  planNic,
  routerState,
  type NetworkChange,
  type Nic,
  type Router,
  type RouterState,
  type SharedNetwork,
  type Store,
} from "@slash64/core"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { startClientGuest, unpackClients, type ClientGuest } from "./client-guest.ts"
import { openGuestSegment, type GuestSegment } from "./guest-segment.ts"
import { startNamespaceRouter, type NamespaceRouter } from "./namespace-router.ts"
import { lab, macOf } from "./router-states.ts"

const guestMac = parseNicMac("guestMac", "02:64:00:00:00:01")
const record: Router = {
  id: "router-1",
  networkId: "lab",
  host: "h1",
  templateDigest: `sha256:${"a".repeat(64)}`,
  templateVersion: "1",
  guestMac,
  controlMac: lab.controlMac,
  vmId: "router-1",
  vcpus: 1,
  memoryMiB: 256,
  serverDuid: duidLl(guestMac),
  hostKey: "ssh-ed25519 AAAA",
  state: "running",
}
const ipv6 = { prefix: "2001:db8:64:9::/64", ra: "router" } as const
const ipv4 = { prefix: "10.64.9.0/24", gateway: "10.64.9.1", router: "10.64.9.1" }

interface Case {
  readonly had: "ipv4" | "ipv6"
  readonly added: "ipv4" | "ipv6"
  readonly change: NetworkChange
  /** Of the guest: it asks for what it has not been told of. */
  readonly edit: (text: string) => string
  readonly gateway: RegExp
}

const cases: readonly Case[] = [
  // As it was generated for a network of IPv4 alone.
  { had: "ipv4", added: "ipv6", change: { ipv6 }, edit: (text) => text, gateway: /^fe80::/ },
  {
    had: "ipv6",
    added: "ipv4",
    change: { ipv4 },
    edit: (text) => text.replace("DHCP=ipv6", "DHCP=yes"),
    gateway: /^10\.64\.9\.1$/,
  },
]

/** From the store to a guest that runs: nobody touches it, and dnsmasq starts anew on the other files. */
describe("a family that is added to a network in use", () => {
  let tree = ""
  let segment: GuestSegment
  let store: Store
  let router: NamespaceRouter | undefined
  let guest: ClientGuest | undefined

  beforeEach(async () => {
    tree = await unpackClients()
    segment = await openGuestSegment("s64f")
    store = await openSqliteStore({ file: ":memory:", secret: Buffer.alloc(32) })
  })
  afterEach(async () => {
    await guest?.close()
    await router?.stop()
    await segment.close()
    await store.close()
    guest = router = undefined
  })

  const serve = async (): Promise<RouterState> => {
    const snapshot = await store.readNetwork("lab")
    if (snapshot === undefined) throw new Error("no network")
    return routerState(snapshot, record)
  }
  const isAsGiven = (nic: Nic | undefined) => expect.poll(async () => addressesOf(guest), patience).toEqual(given(nic))

  it.each(cases)(
    "$added comes to a guest of $had, which keeps what it has",
    async (one) => {
      const network = await store.createNetwork(
        planNetwork({ name: "lab", attachment: { kind: "isolated" }, [one.had]: one.had === "ipv4" ? ipv4 : ipv6 }),
      )
      const nic = await store.claimNic(planNic({ id: "nic-1", host: "h1", vmId, mac: macOf(16) }, network))
      router = await startNamespaceRouter(segment, await serve())
      guest = await startClientGuest(segment, tree, nic.mac, "eth0")
      await guest.write(setUp(nic, network, one.edit))
      await guest.start("/lib/systemd/systemd-networkd")
      await isAsGiven(nic)
      const leases = await router.readLeases()
      await guest.shell(
        "ip monitor address route dev eth0 >/tmp/monitor 2>&1 & ip -o address show dev eth0 >/tmp/before",
      )

      await store.changeNetwork("lab", one.change)
      await router.use(await serve())
      const both = await store.findNic("nic-1")
      expect(both?.[one.added]).toBeDefined()
      await isAsGiven(both)
      await expect
        .poll(async () => (await guest?.look("eth0"))?.gateways ?? [], patience)
        .toContainEqual(expect.stringMatching(one.gateway))
      // Its lease is word for word the same: it did not even renew.
      expect(await router.readLeases()).toEqual(expect.arrayContaining([...leases]))
      expect((await router.readLeases()).length).toBe(leases.length + 1)
      const moved = await guest.shell("cat /tmp/monitor")
      expect(moved).toContain(both?.[one.added])
      expect(moved).not.toMatch(/^Deleted/m)
    },
    180_000,
  )
})

const vmId = "4dea22b3-1d52-d8f3-2516-782e98ab3fa0"
const patience = { timeout: 90_000, interval: 500 }

async function addressesOf(guest: ClientGuest | undefined): Promise<readonly string[]> {
  return (await guest?.look("eth0"))?.addresses ?? []
}

function given(nic: Nic | undefined): readonly (string | undefined)[] {
  return [nic?.ipv4, nic?.ipv6].filter((address) => address !== undefined).toSorted()
}

function setUp(nic: Nic, network: SharedNetwork, edit: (text: string) => string) {
  const { files } = guestConfig({ client: "networkd", nic, network, device: "eth0" })
  return files.map((file) => Object.assign({}, file, { text: edit(file.text) }))
}
