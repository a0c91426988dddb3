/** A process of its own that claims one NIC on a store: `FILE SECRET NIC`. */
import { openSecretFile, openSqliteStore, planNetwork, planNic } from "@slash64/core"

const network = planNetwork({
  name: "lab",
  attachment: { kind: "isolated" },
  ipv6: { prefix: "2001:db8::/64", gateway: "2001:db8::1", range: "2001:db8::1-2001:db8::ffff" },
})

const [file = "", secretFile = "", id = ""] = process.argv.slice(2)
const store = await openSqliteStore({ file, secret: openSecretFile(secretFile) })
await store.createNetwork(network)
const nic = await store.claimNic(planNic({ id, host: "h1", vmId: crypto.randomUUID() }, network))
console.log(`${nic.id} ${nic.ipv6}`)
await store.close()
