import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { openGround, tales, type Ground } from "../integration/lease-tales.ts"

/** The tales are told to Debian's dnsmasq as well: each of them is one that it gets wrong. */
describe("Debian's own dnsmasq", () => {
  let ground: Ground
  beforeAll(async () => {
    ground = await openGround("s64m", "/usr/sbin/dnsmasq")
  })
  afterAll(() => ground.close())
  beforeEach(() => ground.router.restart({ forget: true }))

  it.each(tales)("needs $patch: $name", async ({ play, right }) => {
    expect(await play(ground)).not.toEqual(right)
  })
})
