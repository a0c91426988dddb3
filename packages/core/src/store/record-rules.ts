import { isInIpv4Prefix, parseIpv4Address } from "../address/ipv4.ts"
import { parseIpv6Address } from "../address/ipv6-address.ts"
import { isInPrefix64 } from "../address/prefix64.ts"
import { Slash64Error, invalid, quote } from "../errors.ts"
import { slotIn } from "../allocate/prefix-pool.ts"
import { checkNic } from "../network/check-nic.ts"
import { checkOutsidePools } from "../network/check-pool.ts"
import type { PrefixPool, SharedNetwork } from "../network/records.ts"
import type { KeptPrefix, RestingAddress, StoreRecord } from "./store-record.ts"

/** Those that a record stands on come before it. */
const order = ["host", "template", "pool", "network", "prefix", "router", "nic", "resting"] as const

/**
 * Holds each record that is imported against those before it, as far as no index of the store decides: order, what it
 * stands on, addresses in their prefix, MACs of routers, ids of what is written over. Keeps hosts, templates, pools,
 * networks and routers in memory, of NICs none. Throws INVALID_ARGUMENT or ALREADY_EXISTS that names the field.
 */
export class RecordRules {
  readonly #networks = new Map<string, SharedNetwork>()
  readonly #pools = new Map<string, PrefixPool>()
  /** Networks whose /64 is of a pool that was not said to hold it yet. */
  readonly #unheld = new Set<string>()
  readonly #names = new Set<string>()
  readonly #macs = new Map<string, string>()
  #last = 0

  check(record: StoreRecord): void {
    this.#checkOrder(record)
    switch (record.record) {
      case "host":
        return this.#takeName("host.name", record.host.name)
      case "template":
        return this.#takeName("template.digest", record.template.digest)
      case "network":
        this.#takeName("network.id", record.network.id)
        return this.#addNetwork(record.network)
      case "pool":
        this.#takeName("pool.id", record.pool.id)
        this.#pools.set(record.pool.id, record.pool)
        return
      case "prefix":
        return this.#checkPrefix(record)
      case "router": {
        const { id, networkId, guestMac, controlMac } = record.router
        this.#takeName("router.id", id)
        this.#need("router.networkId", networkId)
        for (const mac of [guestMac, controlMac]) this.#macs.set(mac, id)
        return
      }
      case "nic": {
        const { nic } = record
        const router = this.#macs.get(nic.mac)
        if (router !== undefined) throw taken("nic.mac", nic.mac, `router ${router} has it`)
        return checkNic(nic, this.#need("nic.networkId", nic.networkId))
      }
      case "resting":
        return checkResting(record, this.#need("networkId", record.networkId))
    }
  }

  /** After the last record. */
  end(): void {
    const [network] = this.#unheld
    if (network !== undefined)
      throw invalid("prefix", network, "the /64 of this network is not held in its pool", "export again")
  }

  #addNetwork(network: SharedNetwork): void {
    this.#networks.set(network.id, network)
    if (network.ipv6 === undefined) return
    const { pool, prefix } = network.ipv6
    const around = [...this.#pools.values()].find((one) => slotIn(one.prefix, prefix) !== undefined)
    checkOutsidePools(network, around)
    if (pool === undefined) return
    if (around?.id !== pool) throw invalid("network.ipv6.pool", pool, `does not hold ${prefix}`, "put its pool first")
    this.#unheld.add(network.id)
  }

  #checkPrefix({ poolId, prefix, holder, freeAfter }: KeptPrefix): void {
    const pool = this.#pools.get(poolId)
    if (pool === undefined) throw invalid("poolId", poolId, "there is no such pool before it", "put its pool first")
    if (slotIn(pool.prefix, prefix) === undefined)
      throw invalid("prefix", prefix, `is not in the pool ${pool.prefix}`, "leave the record out")
    if (holder.kind === "claim" || freeAfter !== undefined) return
    const side = this.#networks.get(holder.id)?.ipv6
    if (side?.pool !== poolId || side.prefix !== prefix)
      throw invalid("holder.id", holder.id, "no network of this id is on the /64", "leave the record out")
    this.#unheld.delete(holder.id)
  }

  #checkOrder({ record }: StoreRecord): void {
    const place = order.indexOf(record)
    if (place < this.#last)
      throw invalid("record", record, `comes after a ${order[this.#last]}`, `order them: ${order.join(", ")}`)
    this.#last = place
  }

  #takeName(field: string, name: string): void {
    const key = `${field} ${name}`
    if (this.#names.has(key)) throw taken(field, name, "it was there before")
    this.#names.add(key)
  }

  #need(field: string, id: string): SharedNetwork {
    const network = this.#networks.get(id)
    if (network === undefined) throw invalid(field, id, "there is no such network before it", "put its network first")
    return network
  }
}

function checkResting({ address }: RestingAddress, { ipv6, ipv4 }: SharedNetwork): void {
  const inside = address.includes(":")
    ? ipv6 !== undefined && isInPrefix64(ipv6.prefix, parseIpv6Address("address", address))
    : ipv4 !== undefined && isInIpv4Prefix(ipv4.prefix, parseIpv4Address("address", address))
  if (!inside) throw invalid("address", address, "is not in a prefix of its network", "leave the record out")
}

function taken(field: string, value: string, problem: string): Slash64Error {
  return new Slash64Error("ALREADY_EXISTS", `${field} ${quote(value)}: ${problem}`, {
    field,
    value: quote(value),
    hint: "leave one of the two out",
  })
}

/** The error of an import into a store that holds something already. */
export function storeNotEmpty(what: string): Slash64Error {
  return new Slash64Error("FAILED_PRECONDITION", `store: it holds ${what}`, {
    field: "store",
    value: what,
    hint: "import into a new store",
  })
}

/** The error of a record that a unique index refuses; `field` where the index says which. */
export function recordTaken(record: StoreRecord, field: string | undefined, cause: unknown): Slash64Error {
  const value = record.record === "nic" ? record.nic.id : record.record
  const name = field ?? record.record
  return new Slash64Error("ALREADY_EXISTS", `${name} of ${record.record} ${value}: another record has the same`, {
    field: name,
    value,
    hint: "leave one of the two out",
    cause,
  })
}

/** What must be empty before an import. */
export const importedTables = ["networks", "nics", "routers", "hosts", "templates", "pools"] as const
