export { startXapiLabHost } from "./lab-host.ts"
export type { LabHostPlan, XapiLabHost, XapiLabHostRequest } from "./lab-host.ts"
export { simulateHalf } from "./lower/simulated-half.ts"
export type { LowerHalf } from "./lower/lower-half.ts"
