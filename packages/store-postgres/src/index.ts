export type { PostgresConnection } from "./connection-options.ts"
export { isPostgresUrl } from "./connection-options.ts"
export { openPostgresStore } from "./postgres-store.ts"
export type { PostgresStoreOptions } from "./postgres-store.ts"
