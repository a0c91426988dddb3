import {
  openSqliteStore,
  parseIpv6Prefix,
  parsePrefix64,
  planNetwork,
  planPool,
  planPooledNetwork,
  planPrefixClaim,
} from "@slash64/core"
import type { Store } from "@slash64/core"
import type { BadInput } from "./row.ts"

const secret = new Uint8Array(32)
const edge = planPool({ name: "edge", prefix: "2001:db8:100::/63", quarantineSeconds: 600 })
const first = parsePrefix64("prefix", "2001:db8:100::/64")

function pool(what: string, field: string, change: object): BadInput {
  const run = () => planPool({ name: "edge", prefix: "2001:db8:100::/48", ...change })
  return { what, field, code: "INVALID_ARGUMENT", run }
}

function claim(what: string, field: string, change: object): BadInput {
  const run = () => planPrefixClaim({ pool: "edge", holder: "customer-7", ...change })
  return { what, field, code: "INVALID_ARGUMENT", run }
}

/** A network that is to have a /64 of pool `edge`. */
function pooled(what: string, field: string, change: object): BadInput {
  const ipv6 = { pool: "edge", gateway: "::1", ...change }
  const run = () => planPooledNetwork({ name: "blue", attachment: { kind: "isolated" }, ipv6 })
  return { what, field, code: "INVALID_ARGUMENT", run }
}

/** On a store with pool `edge`, whose two /64s are `customer-1`'s and nobody's. */
function onStore(
  what: string,
  code: BadInput["code"],
  field: string,
  run: (store: Store) => Promise<unknown>,
): BadInput {
  const runOnNew = async () => {
    const store = await openSqliteStore({ file: ":memory:", secret })
    try {
      await store.createPool(edge)
      await store.claimPrefix({ poolId: "edge", holder: "customer-1", prefix: first })
      await run(store)
    } finally {
      await store.close()
    }
  }
  return { what, code, field, run: runOnNew }
}

const onPrefix = (prefix: string, more: object = {}) =>
  planNetwork({
    name: "blue",
    attachment: { kind: "isolated" },
    ipv6: { prefix, gateway: prefix.replace("::/64", "::1"), ...more },
  })

export const badPools: readonly BadInput[] = [
  {
    what: "a pool that is no object",
    field: "request",
    code: "INVALID_ARGUMENT",
    run: () => planPool("2001:db8::/32"),
  },
  pool("an unknown field of a pool", "size", { size: 7 }),
  pool("a pool without a name", "name", { name: undefined }),
  pool("the name of a pool with a slash", "name", { name: "../edge" }),
  pool("the id of a pool with a line feed", "id", { id: "edge\n" }),
  pool("a pool without a prefix", "prefix", { prefix: undefined }),
  pool("a pool of a /28", "prefix", { prefix: "2001:db0::/28" }),
  pool("a pool of a /64", "prefix", { prefix: "2001:db8::/64" }),
  pool("a pool of an IPv4 prefix", "prefix", { prefix: "10.0.0.0/8" }),
  pool("a pool with host bits", "prefix", { prefix: "2001:db8:100::1/48" }),
  pool("a pool of bits beyond its length", "prefix", { prefix: "2001:db8:100:8000::/48" }),
  pool("a pool of multicast", "prefix", { prefix: "ff00::/32" }),
  pool("a pool of link-local addresses", "prefix", { prefix: "fe80::/29" }),
  pool("a pool with the loopback address", "prefix", { prefix: "::/29" }),
  pool("a pool of random choice", "policy", { policy: "eui64" }),
  pool("a negative quarantine of a pool", "quarantineSeconds", { quarantineSeconds: -1 }),
  pool("a quarantine of a pool as text", "quarantineSeconds", { quarantineSeconds: "600" }),

  claim("a claim without a holder", "holder", { holder: undefined }),
  claim("a holder with a slash", "holder", { holder: "customer/7" }),
  claim("a claim of a pool by number", "pool", { pool: 7 }),
  claim("a claim of a /63", "prefix", { prefix: "2001:db8:100::/63" }),
  claim("an unknown field of a claim", "network", { network: "blue" }),

  pooled("a whole gateway before the /64 is known", "ipv6.gateway", { gateway: "2001:db8:100::1" }),
  pooled("a whole range before the /64 is known", "ipv6.range", { range: "2001:db8:100::10-2001:db8:100::1f" }),
  pooled("no gateway on a /64 of a pool", "ipv6.gateway", { gateway: undefined }),
  pooled("an anycast gateway on a /64 of a pool", "ipv6.gateway", { gateway: "::" }),
  pooled("a reversed range on a /64 of a pool", "ipv6.range.start", { range: "::1f-::10" }),
  pooled("a gateway of another /64 than the requested", "ipv6.gateway", {
    prefix: "2001:db8:100::/64",
    gateway: "2001:db8:200::1",
  }),
  pooled("a requested /60 of a pool", "ipv6.prefix", { prefix: "2001:db8:100::/60" }),

  onStore("a pool again with another prefix", "ALREADY_EXISTS", "prefix", (store) =>
    store.createPool({ ...edge, prefix: parseIpv6Prefix("prefix", "2001:db8::/32") }),
  ),
  onStore("a pool about another", "ALREADY_EXISTS", "prefix", (store) =>
    store.createPool(planPool({ name: "all", prefix: "2001:db8::/32" })),
  ),
  onStore("a pool about a network", "ALREADY_EXISTS", "prefix", async (store) => {
    await store.createNetwork(onPrefix("2001:db8:200::/64"))
    await store.createPool(planPool({ name: "core", prefix: "2001:db8:200::/48" }))
  }),
  onStore("a network in a pool by hand", "ALREADY_EXISTS", "ipv6.prefix", (store) =>
    store.createNetwork(onPrefix("2001:db8:100:1::/64")),
  ),
  onStore("a network on the /64 of a claim", "ALREADY_EXISTS", "ipv6.prefix", (store) =>
    store.createNetwork(onPrefix("2001:db8:100::/64", { pool: "edge" })),
  ),
  onStore("a network of a pool that is not there", "NOT_FOUND", "ipv6.pool", (store) =>
    store.createNetwork(onPrefix("2001:db8:200::/64", { pool: "core" })),
  ),
  onStore("a network of a pool that its /64 is not in", "INVALID_ARGUMENT", "ipv6.prefix", (store) =>
    store.createNetwork(onPrefix("2001:db8:200::/64", { pool: "edge" })),
  ),
  onStore("a pool made smaller than what is held", "FAILED_PRECONDITION", "prefix", async (store) => {
    await store.resizePool("edge", parseIpv6Prefix("prefix", "2001:db8:100::/60"))
    await store.resizePool("edge", parseIpv6Prefix("prefix", "2001:db8:100:2::/63"))
  }),
  onStore("a pool moved elsewhere", "INVALID_ARGUMENT", "prefix", (store) =>
    store.resizePool("edge", parseIpv6Prefix("prefix", "2001:db8:200::/48")),
  ),
  onStore("a pool made a /64", "INVALID_ARGUMENT", "prefix", (store) =>
    store.resizePool("edge", parseIpv6Prefix("prefix", "2001:db8:100::/64")),
  ),
  onStore("the removal of a pool of which something is held", "FAILED_PRECONDITION", "poolId", (store) =>
    store.removePool("edge"),
  ),
  onStore("a claim on a pool that is not there", "NOT_FOUND", "poolId", (store) =>
    store.claimPrefix({ poolId: "core", holder: "customer-2" }),
  ),
  onStore("a /64 that another holds", "ALREADY_EXISTS", "prefix", (store) =>
    store.claimPrefix({ poolId: "edge", holder: "customer-2", prefix: first }),
  ),
  onStore("another /64 for the same holder", "ALREADY_EXISTS", "prefix", (store) =>
    store.claimPrefix({
      poolId: "edge",
      holder: "customer-1",
      prefix: parsePrefix64("prefix", "2001:db8:100:1::/64"),
    }),
  ),
  onStore("a /64 that rests", "FAILED_PRECONDITION", "prefix", async (store) => {
    await store.releasePrefix("edge", "customer-1")
    await store.claimPrefix({ poolId: "edge", holder: "customer-2", prefix: first })
  }),
  onStore("a /64 outside the pool", "INVALID_ARGUMENT", "prefix", (store) =>
    store.claimPrefix({ poolId: "edge", holder: "customer-2", prefix: parsePrefix64("prefix", "2001:db8::/64") }),
  ),
  onStore("one claim more than there are /64s", "RESOURCE_EXHAUSTED", "pool", async (store) => {
    await store.claimPrefix({ poolId: "edge", holder: "customer-2" })
    await store.claimPrefix({ poolId: "edge", holder: "customer-3" })
  }),
  onStore("a page of nothing", "INVALID_ARGUMENT", "limit", (store) => store.listPrefixes("edge", { limit: 0 })),
  onStore("a page after a /64 of elsewhere", "INVALID_ARGUMENT", "after", (store) =>
    store.listPrefixes("edge", { after: parsePrefix64("after", "2001:db8::/64") }),
  ),
]
