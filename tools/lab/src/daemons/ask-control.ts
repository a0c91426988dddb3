import { request as httpRequest } from "node:http"
import { text as readText } from "node:stream/consumers"

/** Asks a program that answers `POST /METHOD` on a unix socket, in JSON. Rejects with its words, or when none runs. */
export async function askControl(path: string, method: string, params: unknown): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<{ readonly status: number; readonly body: string }>()
  const outgoing = httpRequest({ socketPath: path, path: `/${method}`, method: "POST", agent: false }, (incoming) => {
    readText(incoming).then((body) => resolve({ status: incoming.statusCode ?? 0, body }), reject)
  })
  outgoing.once("error", reject)
  outgoing.end(JSON.stringify(params))
  const { status, body } = await promise
  if (status !== 200) throw new Error(body)
  return JSON.parse(body)
}
