export { renderRouter } from "./render/render-router.ts"
export type { RouterFiles } from "./render/render-router.ts"
export { renderSeed } from "./seed/render-seed.ts"
export type { SeedKeys } from "./seed/render-seed.ts"
