import { describeXenserverConformance } from "./xenserver-conformance.ts"

// Networks and NICs are the switch's and the guest's matter, so these are real. A router and a template are objects of
// XAPI: to start QEMU for each of the 50 routers takes a minute more, and is done in test/long.
const networkVerbs = ["ensureNetwork", "removeNetwork", "attachNic", "detachNic"] as const

describeXenserverConformance("real", [
  {
    attachment: { kind: "isolated" },
    verbs: [
      ...networkVerbs,
      "describeHost",
      "listNetworks",
      "listNics",
      "observeNic",
      "findVm",
      "findVmsByName",
      "watch",
      "close",
    ],
  },
  { attachment: { kind: "bridge", bridge: "xenbr1" }, verbs: networkVerbs },
])

describeXenserverConformance("simulated", [
  {
    attachment: { kind: "isolated" },
    verbs: [
      ...(["ensureTemplate", "listTemplates", "removeTemplate"] as const),
      ...([
        "prepareRouter",
        "haltRouter",
        "ensureRouter",
        "removeRouter",
        "findRouter",
        "listRouters",
        "openRouterStream",
      ] as const),
    ],
  },
])
