import { readFile, readdir } from "node:fs/promises"
import { join } from "node:path"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { forgeDhcp4 } from "./forge-dhcp4.ts"
import {
  boot,
  duidOf,
  first,
  given,
  image,
  openGround,
  reinstalled,
  second,
  server,
  settled,
  silence,
  tales,
} from "./lease-tales.ts"
import type { Ground } from "./lease-tales.ts"
import { macOf } from "./router-states.ts"

const patches = join(import.meta.dirname, "../../tools/systemvm/patches/dnsmasq")

/** Of what router-reservations.test.ts tries. */
const ofReading = ["0007-check-reservations", "0008-no-hosts-files", "0009-unique-addresses"]
const ofWriting = "0010-one-write-for-many"

it("is told of every patch of dnsmasq, and each says what it mends", async () => {
  const names = (await readdir(patches)).toSorted()
  expect(
    [...new Set([...tales.map(({ patch }) => patch), ...ofReading, ofWriting])].map((name) => `${name}.patch`),
  ).toEqual(names)
  for (const name of names)
    expect(await readFile(join(patches, name), "utf8")).toMatch(/^Description: .+\n .+\n(.*\n)+Forwarded: \w+\n/)
})

describe("a guest's lease", () => {
  let ground: Ground
  beforeAll(async () => {
    ground = await openGround("s64l")
  })
  afterAll(() => ground.close())
  beforeEach(() => ground.router.restart({ forget: true }))

  it.each(tales)("$name", async ({ play, right }) => {
    expect(await play(ground)).toEqual(right)
  })

  it("is of its own address for any DUID", async () => {
    const llt = `00:01:00:01:2f:00:00:01:${macOf(16)}`
    for (const duid of [duidOf(16), llt, image.duid, reinstalled.duid, duidOf(17)])
      expect(await boot(ground.guest, { duid, iaid: 1 })).toEqual(given(first))
  })

  it("is each clone's own, and stays so when they renew and when dnsmasq starts anew", async () => {
    const { guest, neighbour, stranger, router } = ground
    expect(await boot(guest, image)).toEqual(given(first))
    expect(await boot(neighbour, image)).toEqual(given(second))
    expect(await stranger.ask({ type: "solicit", ...image }, silence)).toBeUndefined()
    for (let round = 0; round < 2; round++) {
      expect(await guest.ask({ type: "renew", ...image, server, addresses: [first] })).toEqual(given(first))
      expect(await neighbour.ask({ type: "rebind", ...image, addresses: [second] })).toEqual(given(second))
      await router.restart()
    }
    expect(await router.readLeases()).toHaveLength(2)
  })

  it(`is written once with all those that came meanwhile (${ofWriting})`, async () => {
    const { guest, router } = ground
    expect(await boot(guest, image)).toEqual(given(first))
    const pid = (await readFile(join(router.directory, "run/dnsmasq.pid"), "utf8")).trim()
    const writes = async () => Number(/^syscw: (\d+)/m.exec(await readFile(`/proc/${pid}/io`, "utf8"))?.[1])
    await expect.poll(() => router.readLeases()).toHaveLength(1)
    const before = await writes()
    process.kill(Number(pid), "SIGSTOP")
    // Each is a reinstalled guest: its lease takes the place of the one before.
    for (let iaid = 1; iaid <= 20; iaid++)
      expect(await guest.ask({ type: "request", ...reinstalled, iaid, server }, 20)).toBeUndefined()
    process.kill(Number(pid), "SIGCONT")
    await expect.poll(async () => (await router.readLeases())[0]).toMatch(/^\d+ 20 /)
    expect((await writes()) - before).toBeLessThan(5)
  })

  it("is refused for another's address, and given for none at all", async () => {
    const { guest, stranger } = ground
    expect(await guest.ask({ type: "request", ...image, server, addresses: [second] })).toMatchObject({ given: [] })
    expect(await guest.ask({ type: "request", ...image, server })).toEqual(given(first))
    expect(await guest.ask({ type: "renew", ...image, server })).toEqual(given(first))
    expect(await stranger.ask({ type: "request", ...image, server, addresses: [first] }, silence)).toBeUndefined()
    expect(await stranger.ask({ type: "renew", ...image, server, addresses: [first] })).toMatchObject({ given: [] })
  })

  it("ends by a Release of its owner, and by the router's own in its name", async () => {
    const { guest, router, segment } = ground
    await boot(guest, image)
    await guest.ask({ type: "release", ...image, server, addresses: [first] })
    await expect.poll(() => router.readLeases()).toEqual([])
    await boot(guest, image)
    await settled(router, first)
    const who = ["--client-id", image.duid, "--server-id", server, "--iaid", String(image.iaid)]
    await segment.run(router.namespace, "dhcp_release6", "--iface", "guest", ...who, "--ip", first)
    await expect.poll(() => router.readLeases()).toEqual([])
  })

  it("of IPv4 is had by the one whose frames it is asked in, and ended by the router's own program", async () => {
    const { router, segment, namespaces } = ground
    const [guest = ""] = namespaces
    await forgeDhcp4(segment, guest, { type: "request", chaddr: macOf(16), address: "10.64.1.16" })
    expect(await settled(router, "10.64.1.16")).not.toBe("no lease")
    await router.release(macOf(16))
    await expect.poll(() => router.readLeases()).toEqual([])
  })
})
