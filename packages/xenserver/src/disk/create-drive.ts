import { z } from "zod"
import { isNative } from "../errors/translate-xapi.ts"
import type { Xapi } from "../xapi/xapi.ts"

/** Puts a disk in a place of a VM. False when another is there: XAPI keeps the places of a VM unique. */
export async function createDrive(
  xapi: Xapi,
  drive: { readonly VM: string; readonly VDI: string; readonly userdevice: string; readonly mode: "RO" | "RW" },
  signal: AbortSignal,
): Promise<boolean> {
  const record = {
    ...drive,
    bootable: drive.userdevice === "0",
    type: "Disk",
    unpluggable: false,
    empty: false,
    other_config: {},
    qos_algorithm_type: "",
    qos_algorithm_params: {},
  }
  try {
    await xapi.change(z.string(), signal, "VBD.create", record)
    return true
  } catch (error) {
    if (isNative(error, "DEVICE_ALREADY_EXISTS")) return false
    throw error
  }
}
