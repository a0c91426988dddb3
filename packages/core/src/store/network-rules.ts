import { isDeepStrictEqual } from "node:util"
import { ipv4PrefixBounds } from "../address/ipv4.ts"
import { prefix64ToBigInt } from "../address/prefix64.ts"
import { Slash64Error, quote } from "../errors.ts"
import { segmentOf } from "../network/check-against.ts"
import type { SharedNetwork } from "../network/records.ts"
import { addressBlob } from "./row.ts"

/** What a network is known by, each in a column of its own, so that an index finds who is in its way. */
export interface NetworkKeys {
  readonly segment: string | null
  readonly prefix6: Uint8Array | null
  readonly first4: number | null
  readonly last4: number | null
}

export function networkKeys(network: SharedNetwork): NetworkKeys {
  const bounds = network.ipv4 && ipv4PrefixBounds(network.ipv4.prefix)
  return {
    segment: segmentOf(network.attachment) ?? null,
    prefix6: network.ipv6 ? addressBlob(prefix64ToBigInt(network.ipv6.prefix)) : null,
    first4: bounds ? Number(bounds.first) : null,
    last4: bounds ? Number(bounds.last) : null,
  }
}

/** What creating a stored network again gives. */
export function sameNetwork(stored: SharedNetwork, asked: SharedNetwork): SharedNetwork {
  const keys = new Set([...Object.keys(stored), ...Object.keys(asked)])
  const [was, now] = [new Map(Object.entries(stored)), new Map(Object.entries(asked))]
  const changed = [...keys].find((key) => !isDeepStrictEqual(was.get(key), now.get(key)))
  if (changed === undefined) return stored
  throw new Slash64Error(
    "ALREADY_EXISTS",
    `${changed} ${quote(now.get(changed))}: network ${stored.id} is there with ${quote(was.get(changed))}`,
    {
      field: changed,
      value: quote(now.get(changed)),
      hint: "give the same fields again, change the network that is there, or give another id and name",
    },
  )
}

export function noSuchNetwork(id: string): Slash64Error {
  return networkError(
    "NOT_FOUND",
    id,
    "there is no such network",
    "create the network first, or list those that are there",
  )
}

/** A network may be removed when nothing stands on it. */
export function checkEmpty(id: string, nics: number, router: string | undefined): void {
  const problem = nics === 1 ? "a NIC is on it" : `${nics} NICs are on it`
  if (nics > 0) throw networkError("FAILED_PRECONDITION", id, problem, "detach every NIC of it first")
  if (router !== undefined)
    throw networkError("FAILED_PRECONDITION", id, `router ${router} serves it`, "remove its router first")
}

function networkError(
  code: "NOT_FOUND" | "FAILED_PRECONDITION",
  id: string,
  problem: string,
  hint: string,
): Slash64Error {
  return new Slash64Error(code, `networkId ${quote(id)}: ${problem}`, { field: "networkId", value: quote(id), hint })
}
