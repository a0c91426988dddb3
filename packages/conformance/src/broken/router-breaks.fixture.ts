import { PassThrough } from "node:stream"
import { around, fault } from "./break-verbs.fixture.ts"
import type { BrokenHost } from "./break-verbs.fixture.ts"

export const routerBreaks: readonly BrokenHost[] = [
  {
    broken: "takes any file for a template, and says nothing of its way",
    verbs: (_good, { world }) => ({
      ensureTemplate: async ({ digest }) => {
        const made = { digest, version: "0" }
        world.templates.set(digest, made)
        return made
      },
    }),
    seenBy: [
      "ensureTemplate: once",
      "ensureTemplate: an upload tells",
      "ensureTemplate: a bad digest",
      "ensureTemplate: a file with another digest",
      "ensureTemplate: a file that is not there",
    ],
  },
  {
    broken: "does not start a router that is there",
    verbs: (good) => ({
      ensureRouter: async (spec, call) => (await good.findRouter(spec.id, call)) ?? good.ensureRouter(spec, call),
    }),
    seenBy: ["ensureRouter: a router that was powered off"],
  },
  {
    broken: "starts what it is to prepare",
    verbs: (good) => ({ prepareRouter: (spec, call) => good.ensureRouter(spec, call) }),
    seenBy: ["prepareRouter: once and twice"],
  },
  {
    broken: "halts no router",
    verbs: () => ({ haltRouter: async () => {} }),
    seenBy: ["haltRouter and prepareRouter"],
  },
  {
    broken: "halts all routers",
    verbs: (_good, { world }) => ({
      haltRouter: async () => {
        for (const router of world.routers.values()) router.running = false
      },
    }),
    seenBy: ["haltRouter: absent"],
  },
  {
    broken: "makes one router at a time",
    verbs: (good) => {
      let busy = false
      return around(good, "ensureRouter", async (act) => {
        if (busy) throw fault("ABORTED")
        busy = true
        return act().finally(() => (busy = false))
      })
    },
    seenBy: ["ensureRouter: in parallel", "ensureRouter: two routers at once"],
  },
  {
    broken: "takes another seed for another router",
    verbs: (good) => {
      const seeds = new Map<string, string>()
      return {
        ensureRouter: async (spec, call) => {
          if ((seeds.get(spec.id) ?? spec.seed) !== spec.seed) throw fault("ALREADY_EXISTS")
          seeds.set(spec.id, spec.seed)
          return good.ensureRouter(spec, call)
        },
      }
    },
    seenBy: ["ensureRouter: another seed"],
  },
  {
    broken: "starts whatever router it is given",
    verbs: (_good, { world }) => ({
      ensureRouter: async (spec) => {
        const made = { ...spec, running: true }
        world.routers.set(spec.id, made)
        return made
      },
    }),
    seenBy: [
      "ensureRouter: the same id with another NIC",
      "ensureRouter: the same id with another control MAC",
      "ensureRouter: a bad id",
      "ensureRouter: before ensureTemplate",
      "ensureRouter: before ensureNetwork",
    ],
  },
  {
    broken: "opens a stream to nowhere",
    verbs: () => ({ openRouterStream: async () => new PassThrough() }),
    seenBy: ["openRouterStream: an absent router", "openRouterStream: bytes pass"],
  },
  {
    broken: "gives a router without its NICs",
    verbs: (good) => around(good, "ensureRouter", async (act) => ({ ...Object(await act()), nics: [] })),
    seenBy: ["ensureRouter: once and twice"],
  },
]
