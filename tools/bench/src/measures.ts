import { InvalidArgumentError } from "commander"
import type { Measure } from "./measure.ts"
import { assignHeld } from "./measures/assign-held.ts"
import { assignMany } from "./measures/assign-many.ts"
import { assignOne } from "./measures/assign-one.ts"
import { attach } from "./measures/attach.ts"
import { boot } from "./measures/boot.ts"
import { carvePrefixes } from "./measures/carve-prefixes.ts"
import { fourProcesses } from "./measures/four-processes.ts"
import { libvirtCall } from "./measures/libvirt-call.ts"
import { neutron } from "./measures/neutron.ts"
import { pushAll } from "./measures/push-all.ts"
import { pushOne } from "./measures/push-one.ts"
import { storm } from "./measures/storm.ts"

/** In the order in which the whole run takes them. */
export const measures: readonly Measure[] = [
  assignOne,
  assignMany,
  assignHeld,
  neutron,
  fourProcesses,
  carvePrefixes,
  pushOne,
  pushAll,
  attach,
  storm,
  libvirtCall,
  boot,
]

/** Those of the names, ids or aliases, in any case; all for none. Throws for a name that is none. */
export function pickMeasures(names: readonly string[], from: readonly Measure[] = measures): readonly Measure[] {
  const wanted = new Set(names.map((name) => name.toLowerCase()))
  const isCalled = ({ id, alias }: Measure) => [id, alias].some((name) => wanted.has(name?.toLowerCase() ?? ""))
  const known = from.flatMap(({ id, alias }) => [id, alias ?? []].flat())
  const unknown = names.find((name) => !known.some((one) => one.toLowerCase() === name.toLowerCase()))
  if (unknown !== undefined) throw new InvalidArgumentError(`the names are ${known.join(", ")}`)
  return names.length === 0 ? from : from.filter(isCalled)
}
