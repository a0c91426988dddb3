/** The rows of test/fixtures/ipv6.json about networks, NICs and pools; see ipv6-vectors.test.ts. */
import {
  addressSpace,
  allocateAddress,
  countPrefix64s,
  firstGap,
  ipv6FromBigInt,
  ipv6ToBigInt,
  isInIpv6Range,
  isSlash64Error,
  openSqliteStore,
  parseIpv6Address,
  parseIpv6Prefix,
  parseIpv6Range,
  parsePrefix64,
  planNetwork,
  planNic,
  planPool,
  sequentialOrder,
  stableOrder,
} from "@slash64/core"
import type { AddressOrder, AddressSpace } from "@slash64/core"
import { createSecretKey } from "node:crypto"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import vectors from "../fixtures/ipv6.json" with { type: "json" }

const secret = new Uint8Array(32).fill(7)
const vmId = "4dea22b3-1d52-d8f3-2516-782e98ab3fa0"

/** What a row says of a field that is null: it was not given. */
const given = <T>(value: T | null | undefined) => value ?? undefined

function fieldOf(run: () => unknown): string | undefined {
  try {
    run()
    return undefined
  } catch (error) {
    if (isSlash64Error(error)) return error.field
    throw error
  }
}

function plan(ipv6: object) {
  return planNetwork({ name: "lab", attachment: { kind: "isolated" }, ipv6 })
}

function spaceOf(range: string): AddressSpace {
  const { start, end } = parseIpv6Range("range", range)
  return addressSpace([{ first: ipv6ToBigInt(start), last: ipv6ToBigInt(end) }], [])
}

/** The first address of an order on a space where nothing is held. */
function firstOf(space: AddressSpace, order: AddressOrder) {
  const steps = allocateAddress(order)
  let step = steps.next()
  while (step.done !== true) {
    step = steps.next(step.value.ask === "take" ? step.value.address : firstGap(space, step.value.from, []))
  }
  return step.value === undefined ? undefined : ipv6FromBigInt(step.value)
}

describe("network_params", () => {
  it.each(vectors.network_params)("$start-$end $gateway $cidr", (row) => {
    const { start, end, gateway, cidr } = row
    const range =
      given(start) === undefined && given(end) === undefined ? undefined : { start: given(start), end: given(end) }
    const field = fieldOf(() => plan({ prefix: given(cidr), gateway: gateway ?? "fd59:16ba:559b:243d::1", range }))
    // The word of the row, "range start" and "prefix", is our field below ipv6.
    const correct = row.expected_correct ?? `ok: ${row.expected_41}`
    const [, named] = /^error on ([a-z]+(?: start)?)/.exec(correct) ?? []
    expect(field).toBe(named === undefined ? undefined : `ipv6.${named.replace(" ", ".")}`)
  })
})

describe("extend_range", () => {
  const [whole] = vectors.extend_range
  it.each(vectors.extend_range)("$start-$end $cidr: $expected", ({ gateway, cidr, start, end, expected }) => {
    const range = start === undefined ? undefined : { start, end }
    const field = fieldOf(() => plan({ prefix: cidr ?? whole?.cidr, gateway: gateway ?? whole?.gateway, range }))
    const refused = cidr === undefined ? "ipv6.range.end" : "ipv6.prefix"
    expect(field).toBe(expected === "ok" ? undefined : refused)
  })
})

describe("router_ip", () => {
  it.each(vectors.router_ip)("$router in $cidr: $expected", ({ router, start, end, cidr, expected }) => {
    const range = start === null ? undefined : { start, end }
    const gateway = cidr.replace("::/64", "::fe")
    expect(fieldOf(() => plan({ prefix: cidr, gateway, router, range }))).toBe(
      expected === "ok" ? undefined : "ipv6.router",
    )
  })
})

describe("dns_pair", () => {
  it.each(vectors.dns_pair)("$dns1 and $dns2", ({ dns1, dns2 }) => {
    const field = fieldOf(() => plan({ prefix: "2001:db8::/64", gateway: "2001:db8::1", dns: [dns1, dns2] }))
    expect(field).toBe(dns1 === null ? "ipv6.dns.0" : "ipv6.dns.1")
  })
})

describe("pick_from_range", () => {
  it.each(vectors.pick_from_range)("$range: $expected", ({ range, expected, repeat }) => {
    const space = spaceOf(range)
    const picked = Array.from({ length: repeat ?? 1 }, (_, nic) =>
      firstOf(
        space,
        stableOrder(space, { secret: createSecretKey(secret), networkId: "lab", nicId: `nic-${nic}`, family: "ipv6" }),
      ),
    )
    const within = picked.every(
      (address) => address !== undefined && isInIpv6Range(parseIpv6Range("r", range), address),
    )
    expect(within).toBe(true)
    expect([picked[0], "within range inclusive"]).toContain(expected)
  })
})

describe("next_in_range", () => {
  it.each(vectors.next_in_range)("after $current in $range: $expected", ({ current, range, expected }) => {
    const cursor = ipv6ToBigInt(parseIpv6Address("current", current)) + 1n
    const space = spaceOf(range)
    expect(firstOf(space, sequentialOrder(space, cursor))).toBe(expected)
  })
})

describe("requested_address", () => {
  const network = planNetwork({
    name: "lab",
    attachment: { kind: "isolated" },
    ipv6: { prefix: "2001:db8::/64", gateway: "2001:db8::1", range: "2001:db8::1-2001:db8::11" },
  })
  const errorOf = async (requestedIpv6: string | undefined, held: readonly string[]) => {
    const store = await openSqliteStore({ file: ":memory:", secret })
    await store.createNetwork(network)
    const claim = (id: string, address?: string) =>
      store.claimNic(planNic({ id, host: "h1", vmId, requestedIpv6: address }, network))
    for (const [index, address] of held.entries()) await claim(`held-${index}`, address)
    try {
      return await claim("nic-1", requestedIpv6)
    } catch (error) {
      return error
    } finally {
      await store.close()
    }
  }
  const all = Array.from({ length: 15 }, (_, index) => `2001:db8::${(index + 3).toString(16)}`)
  const answers: Record<string, () => Promise<unknown>> = {
    "taken (user_ipv6_address or nic_secondary_ips has it)": () => errorOf("2001:db8::10", ["2001:db8::10"]),
    "outside network": () => errorOf("2002:db8::10", []),
    "no address left": () => errorOf(undefined, all),
    "4.1 requested taken": () => errorOf("2001:db8::10", ["2001:0db8:0::10"]),
  }
  const codes: Record<string, string> = {
    "taken (user_ipv6_address or nic_secondary_ips has it)": "ALREADY_EXISTS",
    "outside network": "INVALID_ARGUMENT",
    "no address left": "RESOURCE_EXHAUSTED",
    "4.1 requested taken": "ALREADY_EXISTS",
  }

  it.each(vectors.requested_address)("$case", async (row) => {
    expect(await answers[row.case]?.()).toMatchObject({ code: codes[row.case] })
  })
})

describe("guest_prefix", () => {
  it.each(vectors.guest_prefix)(
    "$prefix$case: $expected$expected_total_64",
    ({ prefix, expected, expected_total_64 }) => {
      const pool = () => parseIpv6Prefix("prefix", prefix ?? "fd17:6:8a43:e2a4::/62")
      const count = () => countPrefix64s("prefix", pool())
      const refused = expected?.startsWith("InvalidParameterValueException") ?? false
      expect(fieldOf(count)).toBe(refused ? "prefix" : undefined)
      expect(refused || expected_total_64 === undefined || count() === BigInt(expected_total_64)).toBe(true)
    },
  )

  it("gives the remaining one when 3 of 4 are held, then none", async () => {
    const store = await openSqliteStore({ file: ":memory:", secret })
    const pool = await store.createPool(planPool({ name: "pool", prefix: "fd17:6:8a43:e2a4::/62" }))
    const claim = (holder: string, prefix?: string) =>
      store.claimPrefix({ poolId: "pool", holder, ...(prefix && { prefix: parsePrefix64("prefix", prefix) }) })
    for (const group of ["e2a4", "e2a5", "e2a7"]) await claim(group, `fd17:6:8a43:${group}::/64`)
    expect(await claim("last")).toMatchObject({ prefix: "fd17:6:8a43:e2a6::/64" })
    await expect(claim("late")).rejects.toMatchObject({ code: "RESOURCE_EXHAUSTED" })
    expect(countPrefix64s("prefix", pool.prefix)).toBe(4n)
    await store.close()
  })

  it("counts the 4096 of a /52", () => {
    expect(countPrefix64s("prefix", parseIpv6Prefix("prefix", "fd17:ac56:1234:1000::/52"))).toBe(4096n)
  })
})

it("leaves out no section of the file", () => {
  const here = ["ipv6-vectors.test.ts", "network-vectors.test.ts"].map((file) =>
    readFileSync(join(import.meta.dirname, file), "utf8"),
  )
  const unread = Object.keys(vectors).filter(
    (section) => section !== "about" && !here.join("").includes(`vectors.${section}`),
  )
  expect(unread).toEqual([])
})
