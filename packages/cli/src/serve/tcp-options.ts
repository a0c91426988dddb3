import { readFile } from "node:fs/promises"
import { resolve } from "node:path"
import { Slash64Error, invalid, isSecretReference, quote, readSecret } from "@slash64/core"
import type { TcpOptions } from "@slash64/serve"

export interface ListenOptions {
  readonly listen?: string | undefined
  readonly tlsCert?: string | undefined
  readonly tlsKey?: string | undefined
  readonly token?: string | undefined
}

/** Where to listen on TCP; undefined where it was not asked for. All four options, or none. */
export async function tcpOptions(options: ListenOptions): Promise<TcpOptions | undefined> {
  const { listen, tlsCert, tlsKey, token } = options
  if (listen === undefined && tlsCert === undefined && tlsKey === undefined && token === undefined) return undefined
  const given = [
    ["--listen", listen],
    ["--tls-cert", tlsCert],
    ["--tls-key", tlsKey],
    ["--token", token],
  ] as const
  const missing = given.find(([, value]) => value === undefined)
  if (missing !== undefined)
    throw invalid(
      missing[0],
      undefined,
      "is missing",
      "on TCP there is TLS and a token: give --listen, --tls-cert, --tls-key and --token",
    )
  return {
    ...parseListen(listen ?? ""),
    cert: await readText("--tls-cert", tlsCert ?? ""),
    key: await readText("--tls-key", tlsKey ?? ""),
    token: await readToken(token ?? ""),
  }
}

function parseListen(text: string): Pick<TcpOptions, "address" | "port"> {
  const parts = /^(?:\[([\da-fA-F:.%\w]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text)
  const port = Number(parts?.[3])
  const address = parts?.[1] ?? parts?.[2]
  if (address === undefined || !(port <= 65_535))
    throw invalid("--listen", text, "is no address and port", "write 192.0.2.1:8064 or [2001:db8::1]:8064")
  return { address, port }
}

/** Nobody sees a reference in the list of processes, as they would the token. */
async function readToken(reference: string): Promise<string> {
  const absolute = reference.startsWith("file:") ? `file:${resolve(reference.slice("file:".length))}` : reference
  if (isSecretReference(absolute)) return readSecret("--token", absolute)
  throw invalid("--token", "(not shown)", "is not a reference to a secret", "write file:PATH or env:NAME")
}

async function readText(field: string, path: string): Promise<string> {
  try {
    return await readFile(path, "utf8")
  } catch (cause) {
    const missing = cause instanceof Error && "code" in cause && cause.code === "ENOENT"
    const problem = missing ? "does not exist" : "cannot be read"
    throw new Slash64Error(missing ? "NOT_FOUND" : "PERMISSION_DENIED", `${field} ${quote(path)} ${problem}`, {
      field,
      value: quote(path),
      hint: "Name another file, or let this user read it.",
      cause,
    })
  }
}
