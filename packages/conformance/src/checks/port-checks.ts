import assert from "node:assert/strict"
import { isIPv4 } from "node:net"
import { parseIpv4Address, parseIpv6Address } from "@slash64/core"
import type { NicSpec } from "@slash64/core"
import type { Bench, Check } from "../bench.ts"
import { only, rejects, sameJson } from "../expect.ts"
import { LeftOut } from "../fixtures.ts"
import { powered } from "./powered.ts"

const [first, second] = [
  ["2001:db8::5", "192.0.2.5"],
  ["2001:db8::6", "2001:db8::7"],
] as const

async function hasRules(bench: Bench, nic: NicSpec): Promise<void> {
  bench.need("portRules")
  const rules = await bench.fixtures.portRules?.(nic)
  assert.equal(rules?.portSecurity, nic.portSecurity, `port security of NIC ${nic.id}`)
  if (nic.portSecurity) assert.deepEqual(rules.addresses.toSorted(), nic.addresses.toSorted())
}

/** What a port lets through, and what is seen on it. */
export const portChecks: readonly Check[] = [
  {
    name: "attachNic: port security on a host that has none is FAILED_PRECONDITION; on one that has it, a success",
    async run(bench) {
      const nic = bench.nicSpec((await bench.network()).id, bench.vm("halted"))
      const secured = { ...nic, addresses: first, portSecurity: true }
      const attached = bench.host.attachNic(secured, bench.call())
      await (bench.capabilities.portSecurity ? attached : rejects("FAILED_PRECONDITION", attached))
    },
  },
  ...powered("attachNic: other addresses are the same NIC, and the same port", async (bench, vmId) => {
    const nic = { ...bench.nicSpec((await bench.network()).id, vmId), addresses: first }
    const made = await bench.host.attachNic(nic, bench.call())
    sameJson(await bench.host.attachNic({ ...nic, addresses: second }, bench.call()), made)
    sameJson(only(await bench.host.listNics(bench.call()), nic.id), made)
  }),
  ...powered("attachNic: port security and its addresses are as the last spec says", async (bench, vmId) => {
    if (!bench.capabilities.portSecurity) throw new LeftOut("the host does not claim portSecurity")
    const nic = { ...bench.nicSpec((await bench.network()).id, vmId), addresses: first, portSecurity: true }
    const made = await bench.host.attachNic(nic, bench.call())
    await hasRules(bench, nic)
    for (const change of [{ addresses: second }, { portSecurity: false }, { portSecurity: true }]) {
      sameJson(await bench.host.attachNic({ ...nic, ...change }, bench.call()), made)
      await hasRules(bench, { ...nic, ...change })
    }
  }),
  {
    name: "observeNic: a NIC that nobody sees is undefined",
    async run(bench) {
      const nic = { id: "conformance-absent", vmId: bench.vm("halted") }
      assert.equal(await bench.host.observeNic(nic, bench.call()), undefined)
    },
  },
  {
    name: "observeNic: of a NIC that is there, nothing, or addresses alone",
    async run(bench) {
      const nic = bench.nicSpec((await bench.network()).id, bench.vm("running"))
      await bench.host.attachNic(nic, bench.call())
      const seen = await bench.host.observeNic(nic, bench.call())
      for (const address of seen?.addresses ?? []) {
        const canonical = isIPv4(address) ? parseIpv4Address("seen", address) : parseIpv6Address("seen", address)
        assert.equal(address, canonical)
      }
    },
  },
  {
    name: "observeNic: gives what the guest shows, and what it shows later",
    async run(bench) {
      bench.need("showAddresses")
      const nic = bench.nicSpec((await bench.network()).id, bench.vm("running"))
      await bench.host.attachNic(nic, bench.call())
      for (const shown of [[...first], ["fe80::1", ...second]]) {
        await bench.fixtures.showAddresses?.(nic, shown)
        const seen = await bench.host.observeNic(nic, bench.call())
        assert.deepEqual(seen?.addresses.toSorted(), shown.toSorted())
      }
    },
  },
]
