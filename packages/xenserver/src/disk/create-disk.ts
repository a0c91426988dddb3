import { z } from "zod"
import type { Xapi } from "../xapi/xapi.ts"
import type { DiskRef } from "./upload-disk.ts"

export interface NewDisk {
  readonly SR: string
  readonly name_label: string
  /** Bytes; storage may round it up. */
  readonly virtual_size: number
  readonly type: "system" | "user"
  readonly other_config: Readonly<Record<string, string>>
}

export async function createDisk(xapi: Xapi, disk: NewDisk, signal: AbortSignal): Promise<DiskRef> {
  const record = { ...disk, name_description: "", sharable: false, read_only: false }
  const ref = await xapi.change(z.string(), signal, "VDI.create", record)
  return { ref, uuid: await xapi.read(z.string(), signal, "VDI.get_uuid", ref) }
}
