import { once } from "node:events"
import { chmod, rm } from "node:fs/promises"
import { type IncomingMessage, createServer } from "node:http"
import { text as readText } from "node:stream/consumers"
import { z } from "zod"
import { askControl } from "@slash64/tool-lab"
import { type ControlDeeds, controlCalls, isControlMethod } from "./control-call.ts"

export interface ControlServer {
  close(): Promise<void>
}

/**
 * Answers on a unix socket that only its owner may use: `POST /METHOD`, its parameters and its result in JSON. Rejects
 * while another process answers on it.
 */
export async function startControlServer(path: string, deeds: ControlDeeds): Promise<ControlServer> {
  if (await isAnswered(path)) throw new Error(`a lab host runs already: it answers on ${path}`)
  await rm(path, { force: true })
  const server = createServer((request, response) => {
    answer(request, deeds).then(
      (result) => response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(result ?? null)),
      (error: unknown) => response.writeHead(400).end(error instanceof Error ? error.message : String(error)),
    )
  })
  server.listen(path)
  await once(server, "listening")
  await chmod(path, 0o600)
  return {
    async close() {
      server.close()
      server.closeIdleConnections()
      await once(server, "close")
    },
  }
}

async function isAnswered(path: string): Promise<boolean> {
  return askControl(path, "show", {}).then(
    () => true,
    () => false,
  )
}

async function answer(request: IncomingMessage, deeds: ControlDeeds): Promise<unknown> {
  const name = (request.url ?? "").slice(1)
  if (!isControlMethod(name)) throw new Error(`no method ${name}; there are ${Object.keys(controlCalls).join(", ")}`)
  const body = await readText(request)
  const params = controlCalls[name].safeParse(body.trim() === "" ? {} : JSON.parse(body))
  if (!params.success) throw new Error(z.prettifyError(params.error))
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- parsed by the schema of the same name
  const deed = deeds[name] as (given: unknown) => unknown
  return deed(params.data)
}
