import { around } from "./break-verbs.fixture.ts"
import type { BrokenHost } from "./break-verbs.fixture.ts"

export const networkBreaks: readonly BrokenHost[] = [
  {
    broken: "names a bridge anew at each call",
    verbs: (good) => {
      let count = 0
      return around(good, "ensureNetwork", async (act) => ({ ...Object(await act()), bridge: `b${count++}` }))
    },
    seenBy: [
      "ensureNetwork: once",
      "ensureNetwork: twice",
      "ensureNetwork: in parallel",
      "removeNetwork: then ensureNetwork",
    ],
  },
  {
    broken: "puts all networks on one bridge",
    verbs: (good) => around(good, "ensureNetwork", async (act) => ({ ...Object(await act()), bridge: "br0" })),
    seenBy: ["ensureNetwork: two networks at once"],
  },
  {
    broken: "makes a network anew when its spec is another",
    verbs: (good, { world }) => ({
      ensureNetwork: async (spec, call) => {
        world.networks.delete(spec.id)
        return good.ensureNetwork({ ...spec, attachment: { kind: "isolated" } }, call)
      },
    }),
    seenBy: ["ensureNetwork: the same id with another spec", "ensureNetwork: the same id on something else"],
  },
  {
    broken: "makes whatever network it is given",
    verbs: (_good, { world }) => ({
      ensureNetwork: async (spec) => {
        const made = { ...spec, bridge: "br0" }
        world.networks.set(spec.id, made)
        return made
      },
    }),
    seenBy: [
      "ensureNetwork: a bad id",
      "ensureNetwork: a required ability",
      "ensureNetwork: an MTU",
      "ensureNetwork: VLAN 0",
      "ensureNetwork: a bridge that is not there",
      "ensureNetwork: a device's name",
    ],
  },
]
