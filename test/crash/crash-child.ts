/**
 * A process that claims, changes and frees on a store until it is killed: `FILE SECRET NAME CALLERS`. Of each record it
 * says on standard output what it may be from now on: `KEY VALUE` once a call was acknowledged, `KEY OLD,NEW` before the
 * next one is sent.
 */
import { writeSync } from "node:fs"
import { openSecretFile, openSqliteStore, planNic } from "@slash64/core"
import type { Nic } from "@slash64/core"
import { absent, crashNetwork, extraNetwork, nicValue } from "./crash-records.ts"

const [file = "", secretFile = "", name = "", callers = "1"] = process.argv.slice(2)
const store = await openSqliteStore({ file, secret: openSecretFile(secretFile) })
await store.createNetwork(crashNetwork)
say(`network/${crashNetwork.id}`, crashNetwork.id)
await Promise.all(Array.from({ length: Number(callers) }, (_, caller) => callForEver(`${name}-${caller}`)))

function say(key: string, ...values: readonly string[]): void {
  writeSync(1, `${key} ${values.join(",")}\n`)
}

async function callForEver(prefix: string): Promise<never> {
  for (let number = 0; ; number++) {
    const nic = await claim(`${prefix}-${number}`, number)
    if (number % 3 === 0) await free(nic)
    if (number % 3 === 1) await attach(nic)
    if (number % 10 === 0) await makeAndRemoveNetwork(`${prefix}-${number}`)
  }
}

/** Every fifth asks for an address that no other asks for. */
async function claim(id: string, number: number): Promise<Nic> {
  const requestedIpv6 =
    number % 5 === 4 ? `2001:db8::f:${crypto.randomUUID().slice(9, 18).replace("-", ":")}` : undefined
  const request = { id, host: "h1", vmId: crypto.randomUUID(), ...(requestedIpv6 !== undefined && { requestedIpv6 }) }
  const nic = await store.claimNic(planNic(request, crashNetwork))
  say(`nic/${id}`, nicValue(nic))
  return nic
}

async function attach(nic: Nic): Promise<void> {
  const attached = { ...nic, state: "attached" as const }
  say(`nic/${nic.id}`, nicValue(nic), nicValue(attached))
  await store.markNic(nic.id, "attached")
  say(`nic/${nic.id}`, nicValue(attached))
}

async function free(nic: Nic): Promise<void> {
  const leaving = { ...nic, state: "leaving" as const }
  say(`nic/${nic.id}`, nicValue(nic), nicValue(leaving))
  await store.markNic(nic.id, "leaving")
  say(`nic/${nic.id}`, nicValue(leaving), absent)
  await store.freeNic(nic.id)
  say(`nic/${nic.id}`, absent)
}

async function makeAndRemoveNetwork(id: string): Promise<void> {
  await store.createNetwork(extraNetwork(id))
  say(`network/${id}`, id)
  say(`network/${id}`, id, absent)
  await store.removeNetwork(id)
  say(`network/${id}`, absent)
}
