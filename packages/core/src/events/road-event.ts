import type { ErrorCode } from "../errors.ts"

/** The roads by the names that events, logs and metrics have for them. */
export const roadNames = [
  "create-network",
  "change-network",
  "remove-network",
  "create-pool",
  "resize-pool",
  "remove-pool",
  "claim-prefix",
  "release-prefix",
  "start-router",
  "upgrade-router",
  "move-router",
  "converge-router",
  "remove-router",
  "read-router-status",
  "resolve-vm",
  "register-template",
  "release-lease",
  "plan",
  "apply",
  "sweep",
  "attach-nic",
  "change-default-nic",
  "detach-nic",
] as const
export type RoadName = (typeof roadNames)[number]

export const eventKinds = [
  "network-created",
  "network-changed",
  "network-removed",
  "pool-created",
  "pool-resized",
  "pool-removed",
  "prefix-claimed",
  "prefix-released",
  "nic-claimed",
  "nic-attached",
  "nic-default",
  "nic-leaving",
  "nic-detached",
  "addresses-exhausted",
  "router-started",
  "router-converged",
  "router-not-converged",
  "router-removed",
  "step-failed",
  "road-ended",
  "road-failed",
] as const
export type EventKind = (typeof eventKinds)[number]

/** What a road tells: plain JSON, flat, without secrets. SPEC.md says which are told at least once. */
export type RoadEvent = RoadFact & {
  /** The call's. */
  readonly requestId: string
  readonly road: RoadName
  /** When it was told, as RFC 3339 in UTC. */
  readonly at: string
}

export type RoadFact =
  | ({ readonly kind: "network-created" | "network-changed" | "network-removed" } & NetworkFact)
  | ({ readonly kind: "pool-created" | "pool-resized" | "pool-removed" } & PoolFact)
  | { readonly kind: "prefix-claimed"; readonly poolId: string; readonly holder: string; readonly prefix: string }
  | { readonly kind: "prefix-released"; readonly poolId: string; readonly holder: string }
  | ({ readonly kind: "nic-claimed"; readonly durationMs: number } & NicFact)
  | ({ readonly kind: "nic-attached" | "nic-default" | "nic-leaving" | "nic-detached" } & NicFact)
  | { readonly kind: "addresses-exhausted"; readonly networkId: string; readonly message: string }
  | ({ readonly kind: "router-started"; readonly bootMs: number } & RouterFact & PushFact)
  | ({
      readonly kind: "router-converged"
      readonly changedFiles: number
      readonly sentBytes: number
      readonly durationMs: number
    } & RouterFact &
      PushFact)
  | ({ readonly kind: "router-not-converged"; readonly durationMs: number } & RouterFact & Failure)
  | ({ readonly kind: "router-removed" } & RouterFact)
  /** A step that the road does again by itself, `repeatsLeft` times at the most. */
  | ({ readonly kind: "step-failed"; readonly repeatsLeft: number } & Failure)
  | { readonly kind: "road-ended"; readonly durationMs: number }
  | ({ readonly kind: "road-failed"; readonly durationMs: number } & Failure)

export interface NetworkFact {
  readonly networkId: string
  readonly name: string
}

export interface PoolFact {
  readonly poolId: string
  readonly name: string
  readonly prefix: string
}

export interface NicFact {
  readonly nicId: string
  readonly networkId: string
  readonly host: string
  readonly vmId: string
  readonly mac: string
  readonly ipv6?: string
  readonly ipv4?: string
}

export interface RouterFact {
  readonly routerId: string
  readonly networkId: string
  readonly host: string
}

/** The revision of the store that the router serves, and the router's own generation of files. */
export interface PushFact {
  readonly revision: number
  readonly generation: number
}

export interface Failure {
  readonly code: ErrorCode
  readonly message: string
}
