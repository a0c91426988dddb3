import { createReadStream } from "node:fs"
import type { IncomingMessage } from "node:http"
import { pipeline } from "node:stream/promises"
import type { DiskFormat } from "../lower/disk-store.ts"
import type { Ref } from "../model/types.ts"
import type { World } from "../world.ts"
import { XapiError, toXapiError } from "../xapi-error.ts"
import type { FindTransfer, Transfer } from "./http-server.ts"

/**
 * PUT /import_raw_vdi and GET /export_raw_vdi. As a running xapi does, the upload is answered before its body is
 * handled: how it ends stands in the task alone.
 */
export function findDiskTransfer(world: World): FindTransfer {
  return (request, url) => {
    const path = url.pathname.replace(/\/$/, "")
    const transfer = request.method === "PUT" ? importDisk(world, request, url) : exportDisk(world, url)
    return path === `/${transfer.name}` ? transfer : undefined
  }
}

function importDisk(world: World, request: IncomingMessage, url: URL): Transfer {
  return {
    name: "import_raw_vdi",
    async run(response, failure) {
      const asked = readQuery(world, url)
      if (asked === undefined) return void response.writeHead(403)
      const task = asked.task ?? world.tasks.create("import_raw_vdi", "")
      const work = world.tasks.run(task, undefined, async () => {
        if (failure !== undefined) throw failure
        const { uuid } = checkWritable(world, asked.vdi)
        await world.disks.write(uuid, request, asked.format)
        world.db.set("VDI", asked.vdi, { physical_utilisation: await world.disks.usedBytes(uuid) })
        return ""
      })
      response.writeHead(200, { "content-type": "text/plain" }).flushHeaders()
      await work
      request.resume()
    },
  }
}

function exportDisk(world: World, url: URL): Transfer {
  return {
    name: "export_raw_vdi",
    async run(response) {
      const asked = readQuery(world, url)
      if (asked === undefined) return void response.writeHead(403)
      response.writeHead(200, { "content-type": "application/octet-stream" })
      await pipeline(createReadStream(world.disks.pathOf(world.db.get("VDI", asked.vdi).uuid)), response)
    },
  }
}

interface DiskQuery {
  readonly vdi: Ref
  readonly format: DiskFormat
  readonly task: Ref | undefined
}

/** Undefined: whoever asks is not logged in. */
function readQuery(world: World, url: URL): DiskQuery | undefined {
  const ask = (key: string): string | undefined => url.searchParams.get(key) ?? undefined
  try {
    world.sessions.check(ask("session_id") ?? "")
  } catch (error) {
    if (toXapiError(error).code === "SESSION_INVALID") return undefined
    throw error
  }
  const format = ask("format") ?? "raw"
  if (format !== "raw" && format !== "vhd") throw new XapiError("INVALID_VALUE", "format", format)
  return { vdi: ask("vdi") ?? "", format, task: ask("task_id") }
}

function checkWritable({ db }: World, vdi: Ref) {
  const row = db.get("VDI", vdi)
  if (row.VBDs.some((vbd) => db.get("VBD", vbd).currently_attached)) throw new XapiError("VDI_IN_USE", vdi, "import")
  return row
}
