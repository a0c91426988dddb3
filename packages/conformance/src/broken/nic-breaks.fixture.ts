import type { HostNic, NicSpec } from "@slash64/core"
import { all, around, failing, fault, notLive, nothing } from "./break-verbs.fixture.ts"
import type { BrokenHost } from "./break-verbs.fixture.ts"

export const nicBreaks: readonly BrokenHost[] = [
  {
    broken: "plugs into running VMs at their next start",
    verbs: (good) =>
      all(good, ["attachNic", "listNics"], async (act) => {
        const answer = await act()
        return Array.isArray(answer) ? answer.map(notLive) : notLive(answer)
      }),
    seenBy: [
      "capabilities: a NIC of a running VM",
      "attachNic: once, and the list has it as the spec says (running VM)",
    ],
  },
  {
    broken: "forgets whether a VM keeps its NIC",
    verbs: (good) => around(good, "attachNic", async (act) => ({ ...Object(await act()), persistent: false })),
    seenBy: ["attachNic: once, and the list has it as the spec says"],
  },
  {
    broken: "leaves the device of a NIC that it unplugs",
    verbs: () => ({ detachNic: nothing }),
    seenBy: ["detachNic: frees the network"],
  },
  {
    broken: "unplugs so that nothing can be plugged again",
    verbs: (good) => {
      const gone = new Set<string>()
      return {
        detachNic: async (nic, call) => {
          gone.add(nic.id)
          return good.detachNic(nic, call)
        },
        attachNic: async (nic, call) =>
          gone.has(nic.id) ? Promise.reject(fault("INTERNAL")) : good.attachNic(nic, call),
      }
    },
    seenBy: ["detachNic: then attachNic again"],
  },
  {
    broken: "gives a NIC another port at each call",
    verbs: (good) => {
      let count = 0
      return {
        attachNic: async (nic, call): Promise<HostNic> => ({
          ...(await good.attachNic(nic, call)),
          port: `tap${count++}`,
        }),
      }
    },
    seenBy: ["attachNic: twice", "attachNic: in parallel", "attachNic: other addresses"],
  },
  {
    broken: "loses one of two NICs that are plugged at once",
    verbs: (good, { world }) => ({
      attachNic: async (nic, call) => {
        const before = new Map(world.nics)
        const made = await good.attachNic(nic, call)
        for (const id of world.nics.keys()) if (!before.has(id) && id !== nic.id) world.nics.delete(id)
        return made
      },
    }),
    seenBy: ["attachNic: two NICs at once"],
  },
  {
    broken: "plugs whatever NIC it is given",
    verbs: (_good, { world }) => ({
      attachNic: async (nic) => {
        world.nics.set(nic.id, { ...nic, persistent: true, port: "vnet0" })
        return { ...nic, live: true, persistent: true }
      },
    }),
    seenBy: [
      "attachNic: the same id with another MAC",
      "attachNic: the same id with another network",
      "attachNic: the same id on another VM",
      "attachNic: the MAC of another NIC",
      "attachNic: a bad id",
      "attachNic: an absent VM",
      "attachNic: before ensureNetwork",
      "attachNic: a multicast MAC",
      "attachNic: a required ability",
    ],
  },
  {
    broken: "claims port security and refuses it",
    verbs: (good) => ({
      attachNic: async (nic, call) => (nic.portSecurity ? failing("UNIMPLEMENTED")() : good.attachNic(nic, call)),
    }),
    seenBy: ["attachNic: port security on a host"],
  },
  {
    broken: "keeps the addresses of the first spec",
    verbs: (good, { world }) => ({
      attachNic: async (nic, call) => {
        const { addresses, portSecurity }: Pick<NicSpec, "addresses" | "portSecurity"> = world.nics.get(nic.id) ?? nic
        return good.attachNic({ ...nic, addresses, portSecurity }, call)
      },
    }),
    seenBy: ["attachNic: port security and its addresses"],
  },
  {
    broken: "sees addresses on NICs that nobody sees",
    verbs: () => ({ observeNic: async () => ({ source: "hypervisor", addresses: ["FE80::1/64"] }) }),
    seenBy: ["observeNic: a NIC that nobody sees", "observeNic: of a NIC that is there", "observeNic: gives what"],
  },
]
