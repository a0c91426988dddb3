import { describeStore } from "@slash64/conformance/vitest"
import { openPostgresStore } from "@slash64/store-postgres"
import { startPostgres } from "@slash64/tool-lab"
import type { OwnPostgres } from "@slash64/tool-lab"
import { afterAll, beforeAll } from "vitest"

let server: OwnPostgres

beforeAll(async () => {
  server = await startPostgres()
})
afterAll(() => server.remove())

describeStore({
  name: "PostgreSQL",
  async open(place, options) {
    return openPostgresStore({ url: await server.openSchema(place), poolSize: 4, ...options })
  },
})
