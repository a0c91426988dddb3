/** A process of its own on a store in PostgreSQL: `URL NAME COUNT`, each claim said in one line once it is durable. */
import { writeSync } from "node:fs"
import { isSlash64Error, planNetwork, planNic } from "@slash64/core"
import { openPostgresStore } from "@slash64/store-postgres"

const [url = "", name = "", count = "0", range = "2001:db8::1-2001:db8::ffff", policy = "stable"] =
  process.argv.slice(2)
const network = planNetwork({
  name: "lab",
  attachment: { kind: "isolated" },
  ipv6: { prefix: "2001:db8::/64", gateway: "2001:db8::1", range },
  policy,
})

const store = await openPostgresStore({ url, secret: new Uint8Array(32), poolSize: 4 })
await store.createNetwork(network)
writeSync(1, "ready\n")
const numbers = Array.from({ length: Number(count) }, (_, number) => number).values()
await Promise.all(Array.from({ length: 4 }, claimNext))
await store.close()

async function claimNext(): Promise<void> {
  for (const number of numbers) {
    const id = `${name}-${number}`
    writeSync(1, `${await claim(id)} ${id}\n`)
  }
}

/** The address, or the code of a refusal. */
async function claim(id: string): Promise<string> {
  try {
    const nic = await store.claimNic(planNic({ id, host: "h1", vmId: crypto.randomUUID() }, network))
    return nic.ipv6 ?? "none"
  } catch (error) {
    if (isSlash64Error(error)) return error.code
    throw error
  }
}
