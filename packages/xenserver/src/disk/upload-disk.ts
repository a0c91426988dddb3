import { setTimeout as delay } from "node:timers/promises"
import { type Slash64Error, checkAborted } from "@slash64/core"
import { z } from "zod"
import { translateXapi } from "../errors/translate-xapi.ts"
import { gone } from "../network/remove-network.ts"
import type { HostParts } from "../parts.ts"
import type { Upload, Xapi } from "../xapi/xapi.ts"

const taskShape = z.object({
  status: z.enum(["pending", "success", "failure", "cancelling", "cancelled"]),
  error_info: z.array(z.string()),
})

export interface DiskRef {
  readonly ref: string
  readonly uuid: string
}

const pollMs = [10, 20, 50, 100, 200, 500] as const

/**
 * Writes a VDI from its first byte on. XAPI answers an upload before it has handled it, so how it went stands in a
 * task of ours alone. A task whose answer was lost is found by its name, and goes with this connection's next upload;
 * XAPI drops those of programs that died after a day.
 */
export async function uploadDisk(parts: HostParts, vdi: DiskRef, upload: Upload, signal: AbortSignal): Promise<void> {
  const { xapi } = parts
  await removeUploadTasks(parts, vdi, signal)
  const task = await xapi.change(z.string(), signal, "task.create", labelOf(parts, vdi), "")
  try {
    await xapi.upload(signal, { vdi: vdi.ref, task }, upload)
  } catch (error) {
    throw (await reasonOf(xapi, task, signal)) ?? error
  }
  const { status, error_info } = await untilEnded(xapi, task, signal)
  await removeTask(xapi, task, signal)
  if (status !== "success") throw failureOf(error_info)
}

export async function removeUploadTasks(parts: HostParts, vdi: DiskRef, signal: AbortSignal): Promise<void> {
  const { xapi } = parts
  for (const task of await xapi.read(z.array(z.string()), signal, "task.get_by_name_label", labelOf(parts, vdi))) {
    await removeTask(xapi, task, signal)
  }
}

function labelOf({ maker }: HostParts, { uuid }: DiskRef): string {
  return `slash64 upload ${uuid} by ${maker}`
}

async function removeTask(xapi: Xapi, task: string, signal: AbortSignal): Promise<void> {
  await gone(xapi.change(z.literal(""), signal, "task.destroy", task))
}

async function untilEnded(xapi: Xapi, task: string, signal: AbortSignal): Promise<z.infer<typeof taskShape>> {
  for (let polls = 0; ; polls++) {
    const found = await xapi.read(taskShape, signal, "task.get_record", task)
    if (found.status !== "pending" && found.status !== "cancelling") return found
    await delay(pollMs[polls] ?? pollMs.at(-1), undefined, { signal }).catch(() => checkAborted(signal))
  }
}

/** Why XAPI hung up in the middle, where it says more than that it was hung up on. */
async function reasonOf(xapi: Xapi, task: string, signal: AbortSignal): Promise<Slash64Error | undefined> {
  if (signal.aborted) return undefined
  const ended = await xapi.read(taskShape, signal, "task.get_record", task).catch(() => undefined)
  if (ended?.status !== "failure") return undefined
  const failure = failureOf(ended.error_info)
  return failure.code === "INTERNAL" ? undefined : failure
}

function failureOf([code = "TASK_CANCELLED", ...params]: readonly string[]): Slash64Error {
  return translateXapi({ code, params }, "import_raw_vdi")
}
