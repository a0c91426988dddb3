import type { MacAddress } from "../address/mac-address.ts"
import { Slash64Error, quote } from "../errors.ts"
import type { FormerVm, Router, RouterVm } from "../network/records.ts"

/** What creating a stored router again gives. Its VM counts as stored: another one is a replacement, not this. */
export function sameRouter(stored: Router, asked: Router): Router {
  const fields = ["networkId", "host", "guestMac", "controlMac", "controlAddress", "serverDuid", "hostKey"] as const
  const changed = fields.find((field) => stored[field] !== asked[field])
  if (changed !== undefined)
    throw taken(
      changed,
      asked[changed],
      `router ${stored.id} is there with ${quote(stored[changed])}`,
      "remove the router first, or use another router id",
    )
  if (stored.state === "leaving") throw routerIsLeaving(stored.id)
  return stored
}

export function secondRouter(networkId: string, otherRouter: string): Slash64Error {
  const hint = `use router ${otherRouter}, or remove it first`
  return taken("networkId", networkId, `router ${otherRouter} serves it`, hint)
}

/** `owner`: the NIC or router that has the MAC. */
export function routerMacTaken(field: "guestMac" | "controlMac", mac: MacAddress, owner: string): Slash64Error {
  return taken(field, mac, `${owner} has it`, "choose another MAC")
}

/** The router as it becomes; the same object when it is so already. `undefined`: there is none. */
export function movedRouter(id: string, stored: Router | undefined, state: "running" | "leaving"): Router {
  if (stored === undefined) throw routerError("NOT_FOUND", id, "there is no such router", "start it first")
  if (stored.state === state) return stored
  if (stored.state === "leaving") throw routerIsLeaving(id)
  return { ...stored, state }
}

/** A step on the way from a router's VM to the one that takes its place. */
export type RouterChange =
  /** What is to take the VM's place, before anything of it is made. One that was noted before may be half made. */
  | { readonly kind: "plan-replacement"; readonly vm: RouterVm }
  /** The replacement of this id is the router's VM from now on, and the one that was is a former one. */
  | { readonly kind: "take-replacement"; readonly vmId: string }
  /** The host of a former VM does not answer, and somebody vouches that the VM does not run. */
  | { readonly kind: "lose-vm"; readonly vmId: string }
  /** A former VM is gone from its host. */
  | { readonly kind: "forget-vm"; readonly vmId: string }

/** The router as it becomes; the same object when it is so already. `undefined`: there is none. */
export function changedRouter(id: string, stored: Router | undefined, change: RouterChange): Router {
  if (stored === undefined) throw routerError("NOT_FOUND", id, "there is no such router", "start it first")
  switch (change.kind) {
    case "plan-replacement":
      return withReplacement(notLeaving(stored), change.vm)
    case "take-replacement":
      return withReplacementTaken(notLeaving(stored), change.vmId)
    case "lose-vm": {
      const former = (stored.former ?? []).map((vm) => (vm.vmId === change.vmId ? lostVm(vm) : vm))
      return withFormer(stored, former)
    }
    case "forget-vm": {
      const left = (stored.former ?? []).filter(({ vmId }) => vmId !== change.vmId)
      return left.length === (stored.former ?? []).length ? stored : withFormer(stored, left)
    }
  }
}

function lostVm({ vmId, host }: FormerVm): FormerVm {
  return { vmId, host, lost: true }
}

function withReplacement(stored: Router, vm: RouterVm): Router {
  const before = stored.replacement
  if (before?.vmId === vm.vmId) return stored
  const { replacement: _before, ...router } = stored
  const former = (stored.former ?? []).filter(({ vmId }) => vmId !== vm.vmId)
  const left = before === undefined ? former : [...former, { vmId: before.vmId, host: before.host }]
  return withFormer(vm.vmId === stored.vmId ? router : { ...router, replacement: vm }, left)
}

function withReplacementTaken(stored: Router, vmId: string): Router {
  if (stored.vmId === vmId) return stored
  const { replacement, controlAddress: _before, ...router } = stored
  if (replacement?.vmId !== vmId) {
    const problem = "another replacement of its VM was begun meanwhile"
    throw routerError("ABORTED", stored.id, problem, "repeat what should be")
  }
  const was: FormerVm = { vmId: stored.vmId, host: stored.host }
  return withFormer({ ...router, ...replacement }, [...(stored.former ?? []), was])
}

function withFormer({ former: _before, ...router }: Router, former: readonly FormerVm[]): Router {
  return former.length === 0 ? router : { ...router, former }
}

function notLeaving(stored: Router): Router {
  if (stored.state === "leaving") throw routerIsLeaving(stored.id)
  return stored
}

function routerIsLeaving(id: string): Slash64Error {
  return routerError("FAILED_PRECONDITION", id, "is being removed", "remove it again to the end, then start it")
}

function routerError(
  code: "NOT_FOUND" | "FAILED_PRECONDITION" | "ABORTED",
  id: string,
  problem: string,
  hint: string,
): Slash64Error {
  return new Slash64Error(code, `routerId ${quote(id)}: ${problem}`, { field: "routerId", value: quote(id), hint })
}

function taken(field: string, asked: string | undefined, problem: string, hint: string): Slash64Error {
  const value = quote(asked)
  return new Slash64Error("ALREADY_EXISTS", `${field} ${value}: ${problem}`, { field, value, hint })
}
