import { expect, it } from "vitest"
import { showAnswer, showStatus } from "./show.ts"

it("shows the answer as a short table", () => {
  const text = showAnswer(
    {
      network: { prefix: "fd00:64:0:1::/64" },
      nic: { mac: "02:00:00:00:00:01", duid: "00:03:00:01:02:00:00:00:00:01", address: "fd00:64:0:1::5" },
      router: { version: "6.1-abc", bootMs: 4200 },
      guest: { addresses: ["fd00:64:0:1::5", "fe80::1"], leasedAfterMs: 5100, pingOk: true },
      accel: "tcg",
    },
    61_000,
  )
  expect(text).toMatchInlineSnapshot(`
    "network         fd00:64:0:1::/64
    NIC             02:00:00:00:00:01  00:03:00:01:02:00:00:00:00:01
    its address     fd00:64:0:1::5
    guest shows     fd00:64:0:1::5, fe80::1
    after attach    5.1 s
    ping of router  answered
    router          6.1-abc, booted in 4.2 s (tcg)
    all of it       61.0 s
    "
  `)
})

it("shows that there is no lab", () => {
  expect(showStatus({ up: false, libvirtd: "stopped", problems: [] })).toMatch(/^lab +there is none$/m)
})

it("shows what does not answer", () => {
  const choices = { network: "isolated", via: "local", privateLibvirtd: false, xenserver: false } as const
  const text = showStatus({ up: false, choices, libvirtd: "running", problems: ["router: no answer"] })
  expect(text).toMatch(/^problem +router: no answer$/m)
})
