import { convergeRoutes } from "./converge.ts"
import { hostRoutes } from "./hosts.ts"
import { networkRoutes } from "./networks.ts"
import { nicRoutes } from "./nics.ts"
import { operationRoutes } from "./operations.ts"
import type { Route } from "./route.ts"
import { poolRoutes } from "./pools.ts"
import { routerRoutes } from "./routers.ts"
import { statusRoutes } from "./status.ts"
import { templateRoutes } from "./templates.ts"

/** The whole API. */
export const routes: readonly Route[] = [
  ...networkRoutes,
  ...nicRoutes,
  ...routerRoutes,
  ...hostRoutes,
  ...templateRoutes,
  ...poolRoutes,
  ...statusRoutes,
  ...convergeRoutes,
  ...operationRoutes,
]
