import { Slash64Error } from "@slash64/core"
import { z } from "zod"
import { readRecords } from "../xapi/read-records.ts"
import type { Xapi } from "../xapi/xapi.ts"

const poolShape = z.object({
  master: z.string(),
  default_SR: z.string(),
  other_config: z.record(z.string(), z.string()),
})

export type Pool = z.infer<typeof poolShape> & { readonly ref: string }

export async function readPool(xapi: Xapi, signal: AbortSignal): Promise<Pool> {
  const [pool] = await readRecords(xapi, "pool", poolShape, signal)
  if (pool !== undefined) return pool
  throw new Slash64Error("UNAVAILABLE", "the host names no pool", { hint: "Call again when the pool is whole." })
}

/** The master's clock; ours may be another. */
export async function readPoolTime(xapi: Xapi, { master }: Pool, signal: AbortSignal): Promise<number> {
  const said = await xapi.read(z.string(), signal, "host.get_servertime", master)
  // XAPI writes 20260102T03:04:05Z.
  return Date.parse(said.replace(/^(\d{4})(\d\d)(\d\d)T/, "$1-$2-$3T"))
}
