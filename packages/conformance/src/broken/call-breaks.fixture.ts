import { setTimeout as delay } from "node:timers/promises"
import { Slash64Error, newCall } from "@slash64/core"
import { all, around, changing, failing, fault, noSignal, nothing, verbs } from "./break-verbs.fixture.ts"
import type { BrokenHost } from "./break-verbs.fixture.ts"

/** How the suite names what it disturbs: a NIC is plugged into a running VM and into a halted one. */
const deeds = changing.flatMap((verb): readonly string[] =>
  verb === "attachNic" || verb === "detachNic" ? [`${verb} (running VM)`, `${verb} (halted VM)`] : [verb],
)

export const callBreaks: readonly BrokenHost[] = [
  {
    broken: "goes on when its call is aborted",
    verbs: (good) => all(good, verbs, (act) => act(noSignal())),
    seenBy: [
      ...verbs.map((verb) => `${verb}: a call that was aborted`),
      "every verb: a deadline",
      "ensureNetwork: aborted before",
      "removeNetwork: aborted before",
      "attachNic: aborted before",
      "detachNic: aborted before",
      "ensureTemplate: aborted before",
      "ensureRouter: aborted before",
      "removeRouter: aborted before",
    ],
  },
  {
    broken: "hangs when its call is aborted",
    verbs: (good) => ({
      listNetworks: (call) => (call.signal.aborted ? new Promise(() => {}) : good.listNetworks(call)),
    }),
    seenBy: ["listNetworks: a call that was aborted"],
  },
  {
    broken: "tells a deadline as a cancellation",
    verbs: (good) => around(good, "findRouter", (act) => act(newCall({ signal: AbortSignal.abort() }))),
    seenBy: ["every verb: a deadline"],
  },
  {
    broken: "takes a host that cannot be reached for an empty one",
    verbs: (good) => ({ listNetworks: (call) => good.listNetworks(call).catch(() => []) }),
    seenBy: ["every reading verb: "],
  },
  {
    broken: "knows only what this connection made",
    verbs: (good) => {
      const made = new Set<unknown>()
      const knows = (thing: { readonly id?: string; readonly digest?: string }): boolean =>
        made.has(thing.id ?? thing.digest)
      return {
        ...all(good, ["ensureNetwork", "attachNic", "ensureTemplate", "ensureRouter"], async (act, [spec]) => {
          made.add(Object(spec).id ?? Object(spec).digest)
          return act()
        }),
        listNetworks: async (call) => (await good.listNetworks(call)).filter(knows),
        listNics: async (call) => (await good.listNics(call)).filter(knows),
        listTemplates: async (call) => (await good.listTemplates(call)).filter(knows),
        listRouters: async (call) => (await good.listRouters(call)).filter(knows),
      }
    },
    seenBy: ["every list: ", "listNics: a second connection", "listTemplates and listRouters: "],
  },
  {
    broken: "says INTERNAL when it is aborted on its way",
    verbs: (good, { world }) => {
      world.intercept = () => delay(20)
      return all(good, changing, (act) => act().catch(failing("INTERNAL")))
    },
    seenBy: deeds.map((verb) => `${verb}: aborted on its way`),
  },
  {
    broken: "does not say that what was not answered may be done",
    verbs: (good) =>
      all(good, changing, (act) =>
        act().catch(() => {
          throw new Slash64Error("UNAVAILABLE", "no answer")
        }),
      ),
    seenBy: deeds.map((verb) => `${verb}: whichever answer is lost`),
  },
  {
    broken: "is closed once",
    verbs: (good) => {
      let closed = false
      return {
        close: async () => {
          if (closed) throw fault("INTERNAL")
          closed = true
          return good.close()
        },
      }
    },
    seenBy: ["close: once, twice"],
  },
  {
    broken: "goes on when it is closed",
    verbs: () => ({ close: nothing }),
    seenBy: ["close: every verb after it"],
  },
]
