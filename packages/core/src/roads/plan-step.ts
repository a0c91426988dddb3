/** What a converge would do, one thing each; plain JSON. `why` is for people. */
export type PlanStep =
  /** A NIC or router stands on it there, and the network is not on the host. */
  | { readonly kind: "make-network"; readonly networkId: string; readonly host: string; readonly why: string }
  /** The router VM is not there, is halted, or was never brought to its first answer. */
  | { readonly kind: "start-router"; readonly networkId: string; readonly host: string; readonly why: string }
  /** A replacement of its VM was begun, on that host. */
  | { readonly kind: "replace-router"; readonly networkId: string; readonly host: string; readonly why: string }
  /** A VM that the router was is on a host that did not answer when the router left it: it must not run. */
  | {
      readonly kind: "remove-former-router"
      readonly networkId: string
      readonly host: string
      readonly vmId: string
      readonly why: string
    }
  /** Its removal was begun. */
  | { readonly kind: "remove-router"; readonly networkId: string; readonly host: string; readonly why: string }
  /** It serves something else than the store holds. */
  | { readonly kind: "push-router"; readonly networkId: string; readonly host: string; readonly why: string }
  /** Its detaching was begun. */
  | NicStep<"detach-nic">
  /** The VM has it not, or its attaching was begun. */
  | NicStep<"attach-nic">

interface NicStep<Kind extends string> {
  readonly kind: Kind
  readonly networkId: string
  readonly host: string
  readonly nicId: string
  readonly vmId: string
  readonly why: string
}

/** What no converge can mend: it needs a person. */
export interface PlanProblem {
  /** `host lab`, `NIC web1-0`, `router of blue`. */
  readonly subject: string
  readonly problem: string
  readonly hint: string
}

/** A router on a template that a newer one was registered after. Nobody replaces its VM unasked. */
export interface OutdatedRouter {
  readonly networkId: string
  readonly host: string
  readonly templateVersion: string
  /** The newest of the same format. */
  readonly newest: string
}

export interface Plan {
  /** In the order in which they are done. */
  readonly steps: readonly PlanStep[]
  readonly problems: readonly PlanProblem[]
  /** What `router upgrade` would change, and `apply` does not. */
  readonly outdated: readonly OutdatedRouter[]
}
