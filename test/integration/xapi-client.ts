import { type RequestOptions, request as httpRequest } from "node:http"
import { request as httpsRequest } from "node:https"
import { text } from "node:stream/consumers"
import { z } from "zod"

/** The answer of a call as JSON-RPC 2.0 writes it. */
export type XapiAnswer = z.infer<typeof xapiAnswer>
const xapiAnswer = z.object({
  result: z.unknown().optional(),
  error: z.object({ code: z.number(), message: z.string(), data: z.array(z.string()) }).optional(),
})

export interface HttpAnswer {
  readonly status: number
  readonly contentType: string | undefined
  readonly body: string
}

/** One request; `ca` is the only certificate that is trusted. */
export async function ask(url: string, options: RequestOptions & { ca?: string }, body?: Buffer): Promise<HttpAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer>()
  const send = url.startsWith("https") ? httpsRequest : httpRequest
  // The certificate names the host by its address alone.
  const checked = { ...options, checkServerIdentity: () => undefined }
  const outgoing = send(url, checked, (incoming) => {
    const { statusCode: status = 0, headers } = incoming
    resolve(text(incoming).then((said) => ({ status, contentType: headers["content-type"], body: said })))
  })
  outgoing.once("error", reject)
  outgoing.end(body)
  return promise
}

/** A JSON-RPC call as it stands, with its answer whatever it is. */
export async function callRaw(
  url: string,
  method: string,
  params: readonly unknown[],
  ca?: string,
): Promise<XapiAnswer> {
  const body = Buffer.from(JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }))
  const options = { method: "POST", headers: { "content-type": "application/json" }, ...(ca !== undefined && { ca }) }
  const answer = await ask(`${url}/jsonrpc`, options, body)
  if (answer.status !== 200) throw new Error(`${method}: HTTP ${answer.status}: ${answer.body}`)
  return xapiAnswer.parse(JSON.parse(answer.body))
}

/** Calls in one session; an error of XAPI is thrown with its name and parameters as the message. */
export class XapiSession {
  readonly url: string
  readonly ref: string
  readonly #ca: string | undefined
  private constructor(url: string, ref: string, ca: string | undefined) {
    this.url = url
    this.ref = ref
    this.#ca = ca
  }

  static async open(url: string, user: string, password: string, ca?: string): Promise<XapiSession> {
    const login = callRaw(url, "session.login_with_password", [user, password, "1.0", "slash64-test"], ca)
    return new XapiSession(url, String(await result(login)), ca)
  }

  call(method: string, ...params: readonly unknown[]): Promise<unknown> {
    return result(callRaw(this.url, method, [this.ref, ...params], this.#ca))
  }

  /** The answer as the schema has it; another one throws. */
  async read<T>(schema: z.ZodType<T>, method: string, ...params: readonly unknown[]): Promise<T> {
    return schema.parse(await this.call(method, ...params))
  }

  text(method: string, ...params: readonly unknown[]): Promise<string> {
    return this.read(z.string(), method, ...params)
  }

  texts(method: string, ...params: readonly unknown[]): Promise<string[]> {
    return this.read(z.array(z.string()), method, ...params)
  }
}

async function result(answer: Promise<XapiAnswer>): Promise<unknown> {
  const { error, result: value } = await answer
  if (error !== undefined) throw new Error([error.message, ...error.data].join(" "))
  return value
}
