/** A process of its own on a store: `claim FILE SECRET NIC`, or `churn FILE SECRET NAME` until it is killed. */
import { writeSync } from "node:fs"
import { openSecretFile, openSqliteStore, planNetwork, planNic } from "@slash64/core"
import type { Store } from "@slash64/core"

const network = planNetwork({
  name: "lab",
  attachment: { kind: "isolated" },
  ipv6: { prefix: "2001:db8::/64", gateway: "2001:db8::1", range: "2001:db8::1-2001:db8::ffff" },
  quarantineSeconds: 0,
})

const [mode, file = "", secretFile = "", name = ""] = process.argv.slice(2)
const store = await openSqliteStore({ file, secret: openSecretFile(secretFile) })
await store.createNetwork(network)
if (mode === "churn") await churn(store)
else await claim(store, name)
await store.close()

/** Says in one write what was acknowledged, once it was, and what is being taken back. */
function say(word: "claimed" | "freeing" | "freed", id: string, address = ""): void {
  writeSync(1, `${word} ${id} ${address}\n`)
}

async function claim(on: Store, id: string): Promise<void> {
  const vmId = crypto.randomUUID()
  const nic = await on.claimNic(planNic({ id, host: "h1", vmId }, network))
  say("claimed", id, nic.ipv6)
}

/** Two of three NICs stay. */
async function churn(on: Store): Promise<void> {
  for (let number = 0; ; number++) {
    const id = `${name}-${number}`
    await claim(on, id)
    if (number % 3 !== 0) continue
    say("freeing", id)
    await on.markNic(id, "leaving")
    await on.freeNic(id)
    say("freed", id)
  }
}
