import { join } from "node:path"
import { parseNicMac, serverDuidFor } from "@slash64/core"
import { createRouterControl, openKeyStore } from "@slash64/router"
import { buildTemplate } from "@slash64/tool-systemvm"
import { describeKvmConformance } from "./kvm-conformance.ts"

describeKvmConformance([
  // To start a QEMU for each of the 60 routers that are disturbed takes more than a minute, and is done in test/long.
  { name: "kvm", undisturbed: ["ensureRouter", "removeRouter"] },
  // A router and a template are the same whatever their network stands on.
  {
    name: "kvm, networks on a bridge that was there",
    verbs: ["ensureNetwork", "removeNetwork", "attachNic", "detachNic"],
    fixtures: async (_, bridge) => ({ attachment: { kind: "bridge", bridge } }),
  },
  // The template of all other checks boots nothing, so that they are quick.
  {
    name: "kvm, a router that boots",
    verbs: ["openRouterStream"],
    async fixtures(ground) {
      const outDir = join(import.meta.dirname, "../../.cache/systemvm/test")
      const { file, ...template } = await buildTemplate({ outDir, installMissing: true })
      const routers = createRouterControl({ keys: openKeyStore({ directory: join(ground.dir, "keys") }) })
      return {
        template: { ...template, file: join(outDir, file) },
        boots: true,
        async seed({ id, guestMac, controlMac }) {
          const seed = await routers.seed({
            routerId: id,
            guestMac: parseNicMac("guestMac", guestMac),
            controlMac: parseNicMac("controlMac", controlMac),
            serverDuid: serverDuidFor(id),
          })
          return Buffer.from(seed).toString("base64")
        },
      }
    },
  },
])
