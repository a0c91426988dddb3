import { text } from "node:stream/consumers"
import { Readable } from "node:stream"
import { duidLl, parseNicMac, type SeedRequest } from "@slash64/core"
import { extract } from "tar-stream"
import { describe, expect, it } from "vitest"
import { renderSeed } from "./render-seed.ts"

const guestMac = parseNicMac("guestMac", "02:00:00:00:00:01")
const request: SeedRequest = {
  routerId: "router-1",
  guestMac,
  controlMac: parseNicMac("controlMac", "02:00:00:00:00:02"),
  serverDuid: duidLl(guestMac),
}
const keys = { managementKey: "ssh-ed25519 AAAA slash64", hostPrivateKey: "the host key\n" }

describe("renderSeed", () => {
  it("holds the three members, for root alone", async () => {
    const seed = await renderSeed(request, keys)
    const members = []
    const archive = Readable.from([seed]).pipe(extract())
    for await (const entry of archive) members.push([entry.header.name, entry.header.mode, await text(entry)])
    expect(members).toEqual([
      [
        "slash64-seed/seed.conf",
        0o600,
        [
          "format=1",
          "router_id=router-1",
          "guest_mac=02:00:00:00:00:01",
          "control_mac=02:00:00:00:00:02",
          "control_address=link-local",
          "server_duid=00:03:00:01:02:00:00:00:00:01",
          "",
        ].join("\n"),
      ],
      ["slash64-seed/authorized_keys", 0o600, "ssh-ed25519 AAAA slash64\n"],
      ["slash64-seed/ssh_host_ed25519_key", 0o600, "the host key\n"],
    ])
  })

  it("is a disk: whole sectors with the magic of ustar, the same bytes each time", async () => {
    const seed = await renderSeed(request, keys)
    expect(seed.length % 512).toBe(0)
    expect(Buffer.from(seed.subarray(257, 262)).toString()).toBe("ustar")
    expect(await renderSeed(request, keys)).toEqual(seed)
  })

  it.each(["169.254.7.10/16", "fd00::5/64"])("takes the control address %s", async (controlAddress) => {
    const seed = Buffer.from(await renderSeed({ ...request, controlAddress }, keys))
    expect(seed.toString()).toContain(`control_address=${controlAddress}\n`)
  })

  it.each(["169.254.7.10", "fd00::5/129", "1.2.3.4/0", "x/16", "fd00::1/64\nrouter_id=x", ""])(
    "refuses the control address %j",
    async (controlAddress) => {
      const refusal = expect.objectContaining({ code: "INVALID_ARGUMENT", field: "controlAddress" })
      await expect(renderSeed({ ...request, controlAddress }, keys)).rejects.toThrow(refusal)
    },
  )

  it.each(["../../etc", "a\nb", "A", ""])("refuses the router id %j", async (routerId) => {
    await expect(renderSeed({ ...request, routerId }, keys)).rejects.toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT", field: "routerId" }),
    )
  })
})
