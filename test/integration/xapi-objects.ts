import { z } from "zod"
import type { XapiSession } from "./xapi-client.ts"

/** Everything that a verb could leave behind; `pool` for the marks on it. */
const classes = ["VM", "VM_metrics", "VIF", "VBD", "VDI", "network", "PIF", "VLAN", "task", "pool"] as const

const recordsShape = z.record(z.string(), z.record(z.string(), z.unknown()))
type Records = z.infer<typeof recordsShape>

export type ObjectCounts = Readonly<Record<string, number>>

/** How many there are of each class, and how many marks on the pool. */
export async function countObjects(xapi: XapiSession): Promise<ObjectCounts> {
  const counts: Record<string, number> = {}
  for (const name of classes) {
    const records = await xapi.read(recordsShape, `${name}.get_all_records`)
    counts[name] = name === "pool" ? Object.values(records).flatMap(marksOf).length : Object.keys(records).length
  }
  return counts
}

/** All objects but those that bear our mark, and what hangs on these, as XAPI shows them. */
export async function foreignObjects(xapi: XapiSession): Promise<unknown> {
  const all = new Map<string, Records>()
  for (const name of classes) all.set(name, await xapi.read(recordsShape, `${name}.get_all_records`))
  const ours = new Set<unknown>()
  for (const [name, records] of all) {
    for (const [ref, record] of Object.entries(records)) {
      if (name === "pool" || marksOf(record).length === 0) continue
      ours.add(ref).add(record["metrics"])
    }
  }
  for (const [ref, { VM }] of Object.entries(all.get("VBD") ?? {})) if (ours.has(VM)) ours.add(ref)
  return Object.fromEntries([...all].map(([name, records]) => [name, withoutOurs(records, ours)]))
}

function withoutOurs(records: Records, ours: ReadonlySet<unknown>): Records {
  const kept = Object.entries(records).filter(([ref]) => !ours.has(ref))
  return Object.fromEntries(kept.map(([ref, record]) => [ref, mapValues(record, ours)]))
}

/** What a start of the VM changes, which the suite itself asks for. */
const ofTheLastStart = new Set(["start_time", "memory_actual"])

function mapValues(record: Records[string], ours: ReadonlySet<unknown>): Records[string] {
  const lasting = Object.entries(record).filter(([key]) => !ofTheLastStart.has(key))
  const entries = lasting.map(([key, value]) => {
    if (Array.isArray(value)) return [key, value.filter((one) => !ours.has(one))]
    if (key !== "other_config") return [key, value]
    const marks = marksOf(record)
    return [key, Object.fromEntries(Object.entries(texts(value)).filter(([mark]) => !marks.includes(mark)))]
  })
  return Object.fromEntries(entries)
}

function marksOf({ other_config }: Records[string]): readonly string[] {
  return Object.keys(texts(other_config)).filter((key) => key.startsWith("slash64:"))
}

function texts(value: unknown): Readonly<Record<string, string>> {
  return z.record(z.string(), z.string()).catch({}).parse(value)
}
