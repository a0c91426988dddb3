import { around, failing, nothing, silence } from "./break-verbs.fixture.ts"
import type { BrokenHost } from "./break-verbs.fixture.ts"

export const hostBreaks: readonly BrokenHost[] = [
  {
    broken: "claims to watch nothing, and watches",
    verbs: (good) =>
      around(good, "describeHost", async (act) => {
        const description = Object(await act())
        return { ...description, capabilities: { ...description.capabilities, watch: false } }
      }),
    seenBy: ["describeHost: says"],
  },
  {
    broken: "finds every VM running",
    verbs: (good) => ({
      findVm: async (id, call) => {
        const vm = await good.findVm(id, call)
        return vm === undefined ? undefined : { ...vm, running: true }
      },
    }),
    seenBy: ["findVm: finds"],
  },
  {
    broken: "takes what is absent for an error",
    verbs: () => ({
      findVm: failing("NOT_FOUND"),
      findRouter: failing("NOT_FOUND"),
      removeNetwork: failing("NOT_FOUND"),
      removeTemplate: failing("NOT_FOUND"),
      removeRouter: failing("NOT_FOUND"),
      detachNic: failing("NOT_FOUND"),
    }),
    seenBy: [
      "findVm: an absent VM",
      "findRouter: an absent router",
      "removeNetwork: absent",
      "removeTemplate: absent",
      "removeRouter: absent",
      "detachNic: an absent NIC",
    ],
  },
  {
    broken: "finds VMs by any name",
    verbs: (_good, { world }) => ({ findVmsByName: async () => [...world.vms.values()] }),
    seenBy: ["findVmsByName: finds"],
  },
  {
    broken: "makes no network of the kinds that it claims",
    verbs: () => ({ ensureNetwork: failing("UNIMPLEMENTED") }),
    seenBy: ["capabilities: a network of the kind"],
  },
  {
    broken: "removes nothing",
    verbs: () => ({ removeNetwork: nothing, detachNic: nothing, removeTemplate: nothing, removeRouter: nothing }),
    seenBy: [
      "removeNetwork: in parallel",
      "removeNetwork: once and twice",
      "detachNic: once and twice",
      "detachNic: in parallel",
      "removeTemplate: once, twice",
      "removeRouter: once and twice",
      "removeRouter: in parallel",
    ],
  },
  {
    broken: "removes more than it was asked to",
    verbs: (_good, { world }) => ({
      removeNetwork: async () => world.networks.clear(),
      detachNic: async () => world.nics.clear(),
      removeRouter: async () => world.routers.clear(),
    }),
    seenBy: [
      "removeNetwork: leaves the others alone",
      "removeNetwork: FAILED_PRECONDITION",
      "detachNic: of another VM",
      "detachNic: leaves the VM's other NICs",
      "removeRouter: absent is a success, and leaves",
      "removeNetwork and removeTemplate: FAILED_PRECONDITION",
    ],
  },
  {
    broken: "tells nothing to those who watch, and does not end",
    verbs: () => ({ watch: silence }),
    seenBy: ["watch: "],
  },
  {
    broken: "removes what is not its own",
    verbs: (good, { world }) => ({
      removeNetwork: async (id, call) => {
        world.devices.delete("br0")
        world.networks.delete("of-others")
        return good.removeNetwork(id, call)
      },
    }),
    after: "removeNetwork: absent",
    seenBy: ["foreign objects: "],
  },
]
