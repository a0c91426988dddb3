import { createHash } from "node:crypto"
import { readFileSync } from "node:fs"
import {
  apply,
  attachNic,
  changeDefaultNic,
  changeNetwork,
  claimPrefix,
  convergeRouter,
  createNetwork,
  createPool,
  detachNic,
  moveRouter,
  newCall,
  plan,
  readRouterStatus,
  registerTemplate,
  releaseLease,
  releasePrefix,
  removeNetwork,
  removePool,
  removeRouter,
  resizePool,
  resolveVm,
  startRouter,
  sweep,
  upgradeRouter,
} from "@slash64/core"
import type { RoadName, Rooms } from "@slash64/core"
import { networkRequest, nicRequest } from "./road-bench.ts"

/** Any file will do as an image. */
const templateRequest = {
  digest: `sha256:${createHash("sha256")
    .update(readFileSync(import.meta.filename))
    .digest("hex")}`,
  version: "2",
  file: import.meta.filename,
  format: "raw",
}

/** Every road once, in an order in which each has work to do; the request id is the road's name. */
export const everyRoad: Readonly<Record<RoadName, (rooms: Rooms) => Promise<unknown>>> = {
  "create-network": (rooms) => createNetwork(networkRequest, rooms, newCall({ requestId: "create-network" })),
  "start-router": (rooms) => startRouter({ network: "lab", host: "h1" }, rooms, newCall({ requestId: "start-router" })),
  "change-network": (rooms) =>
    changeNetwork({ network: "lab", quarantineSeconds: 7 }, rooms, newCall({ requestId: "change-network" })),
  "resolve-vm": (rooms) => resolveVm("h1", "web", rooms, newCall({ requestId: "resolve-vm" })),
  "register-template": (rooms) => registerTemplate(templateRequest, rooms, newCall({ requestId: "register-template" })),
  "upgrade-router": (rooms) => upgradeRouter({ network: "lab" }, rooms, newCall({ requestId: "upgrade-router" })),
  "move-router": (rooms) => moveRouter({ network: "lab", host: "h1" }, rooms, newCall({ requestId: "move-router" })),
  "attach-nic": (rooms) => attachNic(nicRequest, rooms, newCall({ requestId: "attach-nic" })),
  "change-default-nic": (rooms) => changeDefaultNic(nicRequest.id, rooms, newCall({ requestId: "change-default-nic" })),
  "converge-router": (rooms) => convergeRouter("lab", rooms, newCall({ requestId: "converge-router" })),
  "read-router-status": (rooms) => readRouterStatus("lab", rooms, newCall({ requestId: "read-router-status" })),
  "release-lease": (rooms) => releaseLease(nicRequest.id, rooms, newCall({ requestId: "release-lease" })),
  plan: (rooms) => plan({}, rooms, newCall({ requestId: "plan" })),
  apply: (rooms) => apply({}, rooms, newCall({ requestId: "apply" })),
  sweep: (rooms) => sweep({}, rooms, newCall({ requestId: "sweep" })),
  "detach-nic": (rooms) => detachNic(nicRequest.id, rooms, newCall({ requestId: "detach-nic" })),
  "remove-router": (rooms) => removeRouter({ network: "lab" }, rooms, newCall({ requestId: "remove-router" })),
  "remove-network": (rooms) => removeNetwork("lab", rooms, newCall({ requestId: "remove-network" })),
  "create-pool": (rooms) =>
    createPool({ name: "edge", prefix: "2001:db8:100::/48" }, rooms, newCall({ requestId: "create-pool" })),
  "resize-pool": (rooms) =>
    resizePool({ pool: "edge", prefix: "2001:db8:100::/40" }, rooms, newCall({ requestId: "resize-pool" })),
  "claim-prefix": (rooms) =>
    claimPrefix({ pool: "edge", holder: "customer-7" }, rooms, newCall({ requestId: "claim-prefix" })),
  "release-prefix": (rooms) =>
    releasePrefix({ pool: "edge", holder: "customer-7" }, rooms, newCall({ requestId: "release-prefix" })),
  "remove-pool": (rooms) => removePool("edge", rooms, newCall({ requestId: "remove-pool" })),
}
