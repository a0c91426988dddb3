import { Slash64Error } from "@slash64/core"
import { z } from "zod"
import { isNative } from "../errors/translate-xapi.ts"
import { type OwnVm, readOwnVm } from "../vm/own-vm.ts"
import type { Xapi } from "../xapi/xapi.ts"
import { readPool } from "./read-pool.ts"

/**
 * Which VM is the template or router of an id: an entry of the pool's other_config. XAPI keeps no name of a VM unique,
 * but the keys of a map, so of two that are made at once one is registered and the other is taken away again.
 */
export type RegistryKey = `slash64:${"template" | "router"}/${string}`

const nothing = z.literal("")
const tries = 5

/** The VM that is registered; undefined without one, or when somebody has taken it away. */
export async function findRegistered(xapi: Xapi, key: RegistryKey, signal: AbortSignal): Promise<OwnVm | undefined> {
  const uuid = (await readPool(xapi, signal)).other_config[key]
  return uuid === undefined ? undefined : readOwnVm(xapi, uuid, signal)
}

/** The UUIDs of all VMs that are registered under a kind. */
export async function listRegistered(
  xapi: Xapi,
  kind: "template" | "router",
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const entries = Object.entries((await readPool(xapi, signal)).other_config)
  return new Set(entries.filter(([key]) => key.startsWith(`slash64:${kind}/`)).map(([, uuid]) => uuid))
}

/** Repeated: true. False when another VM is registered. */
export async function register(xapi: Xapi, key: RegistryKey, uuid: string, signal: AbortSignal): Promise<boolean> {
  for (let tried = 0; tried < tries; tried++) {
    const pool = await readPool(xapi, signal)
    const there = pool.other_config[key]
    if (there === uuid) return true
    if (there !== undefined) {
      if ((await readOwnVm(xapi, there, signal)) !== undefined) return false
      await xapi.change(nothing, signal, "pool.remove_from_other_config", pool.ref, key)
    }
    try {
      await xapi.change(nothing, signal, "pool.add_to_other_config", pool.ref, key, uuid)
      return true
    } catch (error) {
      if (!isNative(error, "MAP_DUPLICATE_KEY")) throw error
    }
  }
  throw new Slash64Error("ABORTED", `${key} is being registered by others all the time`, { hint: "Call again." })
}

/** Absent: success. */
export async function unregister(xapi: Xapi, key: RegistryKey, signal: AbortSignal): Promise<void> {
  const pool = await readPool(xapi, signal)
  if (!Object.hasOwn(pool.other_config, key)) return
  await xapi.change(nothing, signal, "pool.remove_from_other_config", pool.ref, key)
}
