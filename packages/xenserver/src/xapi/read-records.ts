import { z } from "zod"
import type { Xapi } from "./xapi.ts"

/** All objects of a class, each with its reference. */
export async function readRecords<T extends object>(
  xapi: Xapi,
  name: string,
  shape: z.ZodType<T>,
  signal: AbortSignal,
): Promise<readonly (T & { readonly ref: string })[]> {
  const records = await xapi.read(z.record(z.string(), shape), signal, `${name}.get_all_records`)
  const list: (T & { readonly ref: string })[] = []
  for (const [ref, record] of Object.entries(records)) list.push({ ...record, ref })
  return list
}
