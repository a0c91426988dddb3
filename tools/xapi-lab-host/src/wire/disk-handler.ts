import { createReadStream } from "node:fs"
import { pipeline } from "node:stream/promises"
import type { DiskFormat } from "../lower/disk-store.ts"
import type { Ref } from "../model/types.ts"
import type { World } from "../world.ts"
import { XapiError, toXapiError } from "../xapi-error.ts"
import type { Handler } from "./http-server.ts"

/**
 * PUT /import_raw_vdi and GET /export_raw_vdi. As a running xapi does, the upload is answered before its body is
 * handled: how it ends stands in the task alone.
 */
export function diskHandler(world: World): Handler {
  return async (request, response, url) => {
    const path = url.pathname.replace(/\/$/, "")
    const isImport = request.method === "PUT" && path === "/import_raw_vdi"
    const isExport = request.method === "GET" && path === "/export_raw_vdi"
    if (!isImport && !isExport) return false
    const asked = readQuery(world, url)
    if (asked === undefined) {
      response.writeHead(403).end()
      return true
    }
    if (isExport) {
      response.writeHead(200, { "content-type": "application/octet-stream" })
      await pipeline(createReadStream(world.disks.pathOf(world.db.get("VDI", asked.vdi).uuid)), response)
      return true
    }
    const task = asked.task ?? world.tasks.create("import_raw_vdi", "")
    const work = world.tasks.run(task, undefined, async () => {
      const { uuid } = checkWritable(world, asked.vdi)
      await world.disks.write(uuid, request, asked.format)
      world.db.set("VDI", asked.vdi, { physical_utilisation: await world.disks.usedBytes(uuid) })
      return ""
    })
    response.writeHead(200, { "content-type": "text/plain" }).flushHeaders()
    await work
    request.resume()
    response.end()
    return true
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
