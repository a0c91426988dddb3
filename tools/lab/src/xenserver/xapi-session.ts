import { createReadStream } from "node:fs"
import { readFile, stat } from "node:fs/promises"
import type { IncomingMessage } from "node:http"
import { request as httpsRequest, type RequestOptions } from "node:https"
import { pipeline } from "node:stream/promises"
import { text as readText } from "node:stream/consumers"
import { setTimeout as delay } from "node:timers/promises"
import { Slash64Error } from "@slash64/core"
import { z } from "zod"
import type { LabPool } from "./pool-program.ts"

const answerShape = z.object({
  result: z.unknown().optional(),
  error: z.object({ message: z.string(), data: z.array(z.string()) }).optional(),
})

/** The administrator of a pool, who makes what is not slash64's: the VM of a user. */
export interface XapiSession {
  /** The result, checked by the schema. */
  call<T>(shape: z.ZodType<T>, method: string, ...args: readonly unknown[]): Promise<T>
  /** Writes a raw image into a VDI, and resolves when XAPI says that it is there. */
  upload(vdi: string, file: string): Promise<void>
  logOut(): Promise<void>
}

export async function openXapiSession(pool: LabPool, signal: AbortSignal): Promise<XapiSession> {
  const [url] = pool.urls
  const options: RequestOptions = {
    ca: await readFile(pool.certificateFiles[0], "utf8"),
    // It names the host as it was called when it was installed.
    checkServerIdentity: () => undefined,
    signal,
  }
  const call = async (method: string, params: readonly unknown[]): Promise<unknown> => {
    const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params })
    const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) }
    const said = await send(`${url}/jsonrpc`, { ...options, method: "POST", headers }, (out) => out.end(body))
    const { result, error } = answerShape.parse(JSON.parse(said))
    if (error === undefined) return result
    throw new Slash64Error("INTERNAL", `${method}: ${[error.message, ...error.data].join(" ")}`)
  }
  const password = (await readFile(pool.passwordFile, "utf8")).trim()
  const session = z.string().parse(await call("session.login_with_password", [pool.user, password, "1.0", "lab"]))
  const within = async <T>(shape: z.ZodType<T>, method: string, ...args: readonly unknown[]): Promise<T> =>
    shape.parse(await call(method, [session, ...args]))
  return {
    call: within,
    async upload(vdi, file) {
      const task = await within(z.string(), "task.create", "upload", "")
      const query = new URLSearchParams({ session_id: session, vdi, format: "raw", task_id: task })
      const headers = { "content-length": (await stat(file)).size }
      await send(`${url}/import_raw_vdi?${query.toString()}`, { ...options, method: "PUT", headers }, (out) =>
        pipeline(createReadStream(file), out),
      )
      while ((await within(z.string(), "task.get_status", task)) === "pending") await delay(50)
      const problem = await within(z.array(z.string()), "task.get_error_info", task)
      await within(z.unknown(), "task.destroy", task)
      if (problem.length > 0) throw new Slash64Error("INTERNAL", `the upload ended with ${problem.join(" ")}`)
    },
    async logOut() {
      await call("session.logout", [session])
    },
  }
}

async function send(
  url: string,
  options: RequestOptions,
  write: (out: ReturnType<typeof httpsRequest>) => unknown,
): Promise<string> {
  const answered = Promise.withResolvers<IncomingMessage>()
  const outgoing = httpsRequest(url, options, answered.resolve)
  outgoing.once("error", answered.reject)
  const [incoming] = await Promise.all([answered.promise, write(outgoing)])
  const body = await readText(incoming)
  if (incoming.statusCode === 200) return body
  throw new Error(`HTTP ${incoming.statusCode ?? 0}: ${body}`)
}
