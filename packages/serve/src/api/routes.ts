import { convergeRoutes } from "./converge.ts"
import { hostRoutes } from "./hosts.ts"
import { networkRoutes } from "./networks.ts"
import { nicRoutes } from "./nics.ts"
import { operationRoutes } from "./operations.ts"
import type { Route } from "./route.ts"
import { routerRoutes } from "./routers.ts"
import { templateRoutes } from "./templates.ts"

/** The whole API. */
export const routes: readonly Route[] = [
  ...networkRoutes,
  ...nicRoutes,
  ...routerRoutes,
  ...hostRoutes,
  ...templateRoutes,
  ...convergeRoutes,
  ...operationRoutes,
]
