import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { macForNic, openSecretFile, openSqliteStore, parseDuid, planNetwork, planNic } from "@slash64/core"
import type { Router, Store } from "@slash64/core"
import type { BadInput } from "./row.ts"

const secret = new Uint8Array(32)
const ipv6 = { prefix: "2001:db8::/64", gateway: "2001:db8::1", range: "2001:db8::1-2001:db8::4" }
const lab = planNetwork({ name: "lab", attachment: { kind: "isolated" }, ipv6, quarantineSeconds: 600 })

/** Two addresses for guests: those of the MACs 02:00:00:00:00:03 and :04. */
const byMac = planNetwork({
  name: "by-mac",
  attachment: { kind: "isolated" },
  ipv6: {
    prefix: "2001:db8:0:1::/64",
    gateway: "2001:db8:0:1::1",
    router: "2001:db8:0:1::2",
    range: "2001:db8:0:1::ff:fe00:3-2001:db8:0:1::ff:fe00:4",
  },
  policy: "eui64",
})

function claim(store: Store, id: string, change: object = {}, network = lab) {
  return store.claimNic(planNic({ id, host: "h1", vmId: crypto.randomUUID(), ...change }, network))
}

const router: Router = {
  id: "router-1",
  networkId: "lab",
  host: "h1",
  vmId: "router-1",
  vcpus: 1,
  memoryMiB: 256,
  templateDigest: `sha256:${"a".repeat(64)}`,
  templateVersion: "1",
  guestMac: macForNic("guest"),
  controlMac: macForNic("control"),
  serverDuid: parseDuid("serverDuid", "00:04:01"),
  hostKey: "ssh-ed25519 AAAA",
  state: "claimed",
}

/** On a store with network `lab` (two addresses for guests) and NIC `nic-1` on 2001:db8::3. */
function onStore(
  what: string,
  code: BadInput["code"],
  field: string,
  run: (store: Store) => Promise<unknown>,
): BadInput {
  const runOnNew = async () => {
    const store = await openSqliteStore({ file: ":memory:", secret })
    try {
      await store.createNetwork(lab)
      await claim(store, "nic-1", { requestedIpv6: "2001:db8::3", mac: "02:00:00:00:00:01" })
      await run(store)
    } finally {
      await store.close()
    }
  }
  return { what, code, field, run: runOnNew }
}

/** In a folder of its own, where `run` may make what it likes. */
function inFolder(what: string, code: BadInput["code"], field: string, run: (folder: string) => unknown): BadInput {
  const runInNew = async () => {
    const folder = mkdtempSync(join(tmpdir(), "slash64-bad-"))
    try {
      await run(folder)
    } finally {
      rmSync(folder, { recursive: true })
    }
  }
  return { what, code, field, run: runInNew }
}

async function openChanged(folder: string, sql: string): Promise<void> {
  const file = join(folder, "store.sqlite")
  const first = await openSqliteStore({ file, secret })
  await first.createNetwork(lab)
  await claim(first, "nic-1")
  await first.close()
  const database = new DatabaseSync(file)
  database.exec(sql)
  database.close()
  const store = await openSqliteStore({ file, secret })
  try {
    await store.readNetwork("lab")
  } finally {
    await store.close()
  }
}

export const badForTheStore: readonly BadInput[] = [
  onStore("an address that another NIC has", "ALREADY_EXISTS", "requestedIpv6", (store) =>
    claim(store, "nic-2", { requestedIpv6: "2001:db8:0::0003" }),
  ),
  onStore("an address that rests", "FAILED_PRECONDITION", "requestedIpv6", async (store) => {
    await store.markNic("nic-1", "leaving")
    await store.freeNic("nic-1")
    await claim(store, "nic-2", { requestedIpv6: "2001:db8::3" })
  }),
  onStore("a requested address that is excluded", "INVALID_ARGUMENT", "requestedIpv6", async (store) => {
    await store.changeNetwork("lab", { ipv6: { exclude: ["2001:db8::4"] } })
    await claim(store, "nic-2", { requestedIpv6: "2001:db8::4" })
  }),
  onStore("a NIC where all that is free is excluded", "RESOURCE_EXHAUSTED", "ipv6", async (store) => {
    await store.changeNetwork("lab", { ipv6: { exclude: ["2001:db8::4-2001:db8::ff"] } })
    await claim(store, "nic-2")
  }),
  onStore("a MAC whose EUI-64 address is in no range", "FAILED_PRECONDITION", "mac", async (store) => {
    await store.createNetwork(byMac)
    await claim(store, "nic-2", { mac: "02:00:00:00:00:07" }, byMac)
  }),
  onStore("a MAC whose EUI-64 address another NIC has", "ALREADY_EXISTS", "mac", async (store) => {
    await store.createNetwork(byMac)
    await claim(store, "nic-2", { requestedIpv6: "2001:db8:0:1::ff:fe00:3" }, byMac)
    await claim(store, "nic-3", { mac: "02:00:00:00:00:03" }, byMac)
  }),
  onStore("a change of a network that is not there", "NOT_FOUND", "networkId", (store) =>
    store.changeNetwork("lan", { quarantineSeconds: 7 }),
  ),
  onStore("a page of no NIC", "INVALID_ARGUMENT", "limit", (store) => store.listNics({ limit: 0 })),
  onStore("a page of NICs behind what is no id", "INVALID_ARGUMENT", "after", (store) =>
    store.listNics({ after: "a b" }),
  ),
  onStore("a page of more networks than 100,000", "INVALID_ARGUMENT", "limit", (store) =>
    store.listNetworks({ limit: 100_001 }),
  ),
  onStore("a page of networks behind what is no name", "INVALID_ARGUMENT", "after", (store) =>
    store.listNetworks({ after: "lab.example" }),
  ),
  onStore("one NIC more than there are addresses", "RESOURCE_EXHAUSTED", "ipv6", async (store) => {
    await claim(store, "nic-2")
    await claim(store, "nic-3")
  }),
  onStore("a MAC that another NIC has", "ALREADY_EXISTS", "mac", (store) =>
    claim(store, "nic-2", { mac: "02-0-0-0-0-1" }),
  ),
  onStore("a host name that another NIC has", "ALREADY_EXISTS", "hostname", (store) =>
    claim(store, "nic-2", { hostname: "nic-1" }),
  ),
  onStore("the id of a NIC of another VM", "ALREADY_EXISTS", "vmId", (store) => claim(store, "nic-1")),
  onStore("a NIC on a network that was removed", "NOT_FOUND", "networkId", async (store) => {
    await store.markNic("nic-1", "leaving")
    await store.freeNic("nic-1")
    await store.removeNetwork("lab")
    await claim(store, "nic-1")
  }),
  onStore("the removal of a network that has a NIC", "FAILED_PRECONDITION", "networkId", (store) =>
    store.removeNetwork("lab"),
  ),
  onStore("a NIC freed while it is attached", "FAILED_PRECONDITION", "nicId", (store) => store.freeNic("nic-1")),
  onStore("a network again with another MTU", "ALREADY_EXISTS", "mtu", (store) =>
    store.createNetwork({ ...lab, mtu: 9000 }),
  ),
  onStore("a second router on a network", "ALREADY_EXISTS", "networkId", async (store) => {
    await store.createRouter(router)
    await store.createRouter({ ...router, id: "router-2" })
  }),
  onStore("a router with the MAC of a NIC", "ALREADY_EXISTS", "guestMac", async (store) => {
    const [nic] = await store.listNics()
    await store.createRouter({ ...router, guestMac: nic?.mac ?? router.guestMac })
  }),
  onStore("another configuration for a host in use", "FAILED_PRECONDITION", "host", async (store) => {
    await store.putHost({ name: "h1", plugin: "kvm", config: {} })
    await store.putHost({ name: "h1", plugin: "kvm", config: { uri: "qemu:///system" } })
  }),
  inFolder("a store that is a folder", "PERMISSION_DENIED", "store", (file) => openSqliteStore({ file, secret })),
  inFolder("a store that is no database", "DATA_LOSS", "store", (folder) => {
    const file = join(folder, "store.sqlite")
    writeFileSync(file, "network,address\n".repeat(1000))
    return openSqliteStore({ file, secret })
  }),
  inFolder("a store that another program wrote", "FAILED_PRECONDITION", "store", (folder) => {
    const file = join(folder, "store.sqlite")
    const database = new DatabaseSync(file)
    database.exec("CREATE TABLE theirs (id INTEGER)")
    database.close()
    return openSqliteStore({ file, secret })
  }),
  inFolder("a store that a newer slash64 wrote", "FAILED_PRECONDITION", "store", (folder) =>
    openChanged(folder, "PRAGMA user_version = 99"),
  ),
  inFolder("a network in the store that is no JSON", "DATA_LOSS", "store", (folder) =>
    openChanged(folder, "UPDATE networks SET body = '{'"),
  ),
  inFolder("a network in the store that breaks a rule", "DATA_LOSS", "store", (folder) =>
    openChanged(folder, "UPDATE networks SET body = json_set(body, '$.mtu', 7)"),
  ),
  inFolder("a network in the store with a range outside its prefix", "DATA_LOSS", "store", (folder) =>
    openChanged(folder, "UPDATE networks SET body = json_set(body, '$.ipv6.ranges[0].end', '2001:db9::')"),
  ),
  inFolder("a network in the store without a range", "DATA_LOSS", "store", (folder) =>
    openChanged(folder, "UPDATE networks SET body = json_set(body, '$.ipv6.ranges', json('[]'))"),
  ),
  inFolder("a network in the store with an exclusion that is none", "DATA_LOSS", "store", (folder) =>
    openChanged(folder, "UPDATE networks SET body = json_set(body, '$.ipv6.exclusions', json('[7]'))"),
  ),
  inFolder("a network in the store with a policy that is none", "DATA_LOSS", "store", (folder) =>
    openChanged(folder, "UPDATE networks SET body = json_set(body, '$.policy', 'lowest')"),
  ),
  inFolder("a NIC in the store in a state that is none", "DATA_LOSS", "store", (folder) =>
    openChanged(folder, "UPDATE nics SET state = 'lost'"),
  ),
  inFolder("a NIC in the store with an address of 3 bytes", "DATA_LOSS", "store", (folder) =>
    openChanged(folder, "UPDATE nics SET ipv6 = x'010203'"),
  ),
  inFolder("a NIC in the store with a MAC that is none", "DATA_LOSS", "store", (folder) =>
    openChanged(folder, "PRAGMA ignore_check_constraints = 1; UPDATE nics SET mac = x'01'"),
  ),
  inFolder("a secret of 8 bytes", "INVALID_ARGUMENT", "secret", (folder) =>
    openSqliteStore({ file: join(folder, "store.sqlite"), secret: new Uint8Array(8) }),
  ),
  inFolder("the secret of another store", "FAILED_PRECONDITION", "secret", async (folder) => {
    const file = join(folder, "store.sqlite")
    await (await openSqliteStore({ file, secret })).close()
    await openSqliteStore({ file, secret: new Uint8Array(32).fill(1), secretFile: join(folder, "secret") })
  }),
  inFolder("a secret that others may read", "FAILED_PRECONDITION", "secret", (folder) => {
    const file = join(folder, "secret")
    openSecretFile(file)
    chmodSync(file, 0o644)
    openSecretFile(file)
  }),
  inFolder("a secret in a folder that is a file", "PERMISSION_DENIED", "secret", (folder) => {
    writeFileSync(join(folder, "plain"), "")
    openSecretFile(join(folder, "plain", "secret"))
  }),
]
