/**
 * The program as a process of its own, on a hypervisor in memory: `SLASH64_TEST` gives its VMs and where the router
 * answers, `{ port, routerId, vms: [{ id, name }] }`, and its `routers` where they were started before.
 */
import { memoryPlugin, newMemoryWorld } from "@slash64/conformance"
import { processWorld, runCli } from "slash64"
import { connectRouter } from "./serve-router.ts"

const { port, routerId, vms, routers = [] } = JSON.parse(process.env["SLASH64_TEST"] ?? "{}")
const hypervisor = newMemoryWorld(vms)
hypervisor.openRouter = () => connectRouter(port)
hypervisor.routers.set(routerId, {
  id: routerId,
  templateDigest: "",
  running: true,
  controlMac: "02:00:00:00:00:01",
  nics: [],
  seed: "",
})
for (const router of routers) hypervisor.routers.set(router.id, router)

process.exitCode = await runCli(process.argv.slice(2), {
  ...processWorld(),
  loadPlugins: async () => [memoryPlugin(hypervisor)],
})
