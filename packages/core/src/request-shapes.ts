/** What the roads are asked, as zod shapes: for a server that documents them, or checks before it takes a road. */
export { documented, wholeNumberSchema } from "./network/documented.ts"
export { networkShape } from "./network/plan-network.ts"
export { networkChangeShape } from "./network/plan-network-change.ts"
export { nicShape } from "./network/plan-nic.ts"
export { poolShape, prefixClaimShape } from "./network/plan-pool.ts"
export { resizePoolShape } from "./roads/prefix-pools.ts"
export { templateShape } from "./roads/register-template.ts"
export { moveRouterShape, planShape, startRouterShape, sweepShape, upgradeRouterShape } from "./roads/road-requests.ts"
