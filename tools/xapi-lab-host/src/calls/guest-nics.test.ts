import { expect, it } from "vitest"
import { readGuestNics } from "./guest-nics.ts"

it("reads what qemu-ga returns, the MAC in lower case, and leaves out what is no NIC", () => {
  const answer = [
    {
      name: "eth0",
      "hardware-address": "02:64:00:00:00:AA",
      "ip-addresses": [
        { "ip-address-type": "ipv6", "ip-address": "2001:db8::1", prefix: 128 },
        { "ip-address-type": "ipv4", "ip-address": "192.0.2.1", prefix: 24 },
        { "ip-address-type": "ipv6", "ip-address": "fe80::1", prefix: 64 },
      ],
    },
    { name: "eth1", "hardware-address": "02:64:00:00:00:02" },
    { name: "sit0" },
    "eth2",
  ]
  expect(readGuestNics(answer)).toEqual([
    { mac: "02:64:00:00:00:aa", ipv4: ["192.0.2.1"], ipv6: ["2001:db8::1", "fe80::1"] },
    { mac: "02:64:00:00:00:02", ipv4: [], ipv6: [] },
  ])
  expect(readGuestNics(undefined)).toEqual([])
})
