import assert from "node:assert/strict"
import type { NetworkAttachment } from "@slash64/core"
import type { Check } from "../bench.ts"
import { none, only, rejects, sameJson } from "../expect.ts"
import { LeftOut } from "../fixtures.ts"

/** What is asked of a host that does not claim the kind. */
const anyOf: readonly NetworkAttachment[] = [
  { kind: "isolated" },
  { kind: "bridge", bridge: "conformance0" },
  { kind: "vlan", uplink: "conformance0", vlan: 4000 },
  { kind: "openvswitch", bridge: "conformance0" },
]

const kindChecks = anyOf.map((any): Check => ({
  name: `capabilities: a network of the kind ${any.kind} is made where the host claims it; else UNIMPLEMENTED`,
  async run(bench) {
    const { kind } = any
    if (!bench.capabilities.attachments.includes(kind)) {
      const spec = bench.networkSpec(any)
      await rejects("UNIMPLEMENTED", bench.host.ensureNetwork(spec, bench.call()))
      none(await bench.host.listNetworks(bench.call()), spec.id)
      return
    }
    const given = [bench.attachment, ...(bench.fixtures.attachments ?? [])]
    const attachment = kind === "isolated" ? any : given.find((one) => one.kind === kind)
    if (attachment === undefined) throw new LeftOut(`nothing was named for a network of the kind ${kind}`)
    const spec = bench.networkSpec(attachment)
    const made = await bench.host.ensureNetwork(spec, bench.call())
    sameJson(made, { ...spec, bridge: made.bridge })
    sameJson(only(await bench.host.listNetworks(bench.call()), spec.id), made)
    await bench.host.removeNetwork(spec.id, bench.call())
    none(await bench.host.listNetworks(bench.call()), spec.id)
  },
}))

export const capabilityChecks: readonly Check[] = [
  ...kindChecks,
  {
    name: "capabilities: a NIC of a running VM is live where the host claims it; else after its next start",
    async run(bench) {
      const nic = bench.nicSpec((await bench.network()).id, bench.vm("running"))
      const { live } = await bench.host.attachNic(nic, bench.call())
      assert.equal(live, bench.capabilities.liveAttach)
    },
  },
]
