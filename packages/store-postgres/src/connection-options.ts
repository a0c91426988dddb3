import { readFileSync } from "node:fs"
import type { ConnectionOptions as TlsOptions } from "node:tls"
import { Slash64Error, invalid, quote } from "@slash64/core"

/** Where the database is. What is left out is as libpq has it: PGUSER, PGPASSWORD, PGDATABASE, ~/.pgpass. */
export interface PostgresConnection {
  /** A name, an address, or the directory of a unix socket. */
  readonly host: string
  /** Default 5432. */
  readonly port?: number
  readonly user?: string
  /** Never logged, and in no error. */
  readonly password?: string
  readonly database?: string
  /** Absent: no TLS. Else what node:tls takes: `ca`, `cert`, `key`, `servername`, `rejectUnauthorized`. */
  readonly tls?: TlsOptions
}

/** A database as the driver takes it, and as an error may name it. */
export interface Target {
  readonly config: Omit<PostgresConnection, "tls"> & { readonly port: number; readonly ssl: TlsOptions | false }
  /** Without the password. */
  readonly name: string
}

export function isPostgresUrl(text: string): boolean {
  return /^postgres(?:ql)?:\/\//i.test(text)
}

/** A word of a command line with the password of a PostgreSQL URL in it hidden; any other as it is. */
export function withoutPassword(word: string): string {
  return word.replace(/(postgres(?:ql)?:\/\/[^:@/?#]*):.*@/i, "$1:***@")
}

export function targetOf(connection: PostgresConnection): Target {
  const { tls, port = 5432, ...where } = connection
  if (where.host === "")
    throw invalid("connection.host", where.host, "is empty", "name a host, or the directory of a unix socket")
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw invalid("connection.port", port, "is no port", "use 1 to 65535")
  const config = { ...where, port, ssl: tls ?? (false as const) }
  return { config, name: nameOf(connection, port) }
}

/** Also without a host, which `URL` does not take where there is a user. */
const urlPattern =
  /^postgres(?:ql)?:\/\/(?:(?<user>[^:@/?#]*)(?::(?<password>[^@/?#]*))?@)?(?<host>\[[\da-f:.]+\]|[^:@/?#[\]]*)(?::(?<port>\d+))?(?:\/(?<database>[^?#]*))?(?:\?(?<query>[^#]*))?$/i

/**
 * `postgres://user@host:5432/database`; a unix socket's directory as `?host=/run/postgresql`. TLS by `sslmode`
 * (disable, require, verify-ca, verify-full), which a host that is not this machine must have, and `sslrootcert`,
 * `sslcert`, `sslkey`: files. Throws INVALID_ARGUMENT that shows no password.
 */
export function parsePostgresUrl(text: string): Target {
  const parts = urlPattern.exec(text)?.groups
  if (parts === undefined)
    throw new Slash64Error("INVALID_ARGUMENT", "url is no PostgreSQL URL", {
      field: "url",
      hint: "write postgres://user@host:5432/database, with % and two hex digits for one of :/@?# within a part",
    })
  const part = (name: "user" | "password" | "host" | "database") => decode(name, parts[name]) || undefined
  const { host: socket, ...tlsParameters } = parametersOf(parts["query"] ?? "")
  const host = socket ?? part("host")?.replace(/^\[(.*)\]$/, "$1") ?? "/run/postgresql"
  const [user, password, database] = [part("user"), part("password"), part("database")]
  const tls = parseTls(tlsParameters, host)
  return targetOf({
    host,
    ...(parts["port"] !== undefined && { port: Number(parts["port"]) }),
    ...(user !== undefined && { user }),
    ...(password !== undefined && { password }),
    ...(database !== undefined && { database }),
    ...(tls && { tls }),
  })
}

const parameterNames = ["host", "sslmode", "sslrootcert", "sslcert", "sslkey"] as const
type Parameters = { readonly [name in (typeof parameterNames)[number]]?: string }

function parametersOf(query: string): Parameters {
  const known: readonly string[] = parameterNames
  const parameters = new URLSearchParams(query)
  const unknown = parameters.keys().find((name) => !known.includes(name))
  // Not its value: it may be a password.
  if (unknown !== undefined)
    throw new Slash64Error("INVALID_ARGUMENT", `url: its parameter ${quote(unknown)} is not known`, {
      field: "url",
      hint: `use ${parameterNames.join(", ")}`,
    })
  return Object.fromEntries(parameters)
}

function parseTls(
  { sslmode, sslrootcert, sslcert, sslkey }: Omit<Parameters, "host">,
  host: string,
): TlsOptions | undefined {
  const files = {
    ...(sslrootcert !== undefined && { ca: readFile("sslrootcert", sslrootcert) }),
    ...(sslcert !== undefined && { cert: readFile("sslcert", sslcert) }),
    ...(sslkey !== undefined && { key: readFile("sslkey", sslkey) }),
  }
  const modes = "use disable, require, verify-ca or verify-full"
  switch (sslmode ?? (isThisMachine(host) ? "disable" : undefined)) {
    case "disable":
      return undefined
    case "require":
      return { ...files, rejectUnauthorized: false }
    case "verify-ca":
      return { ...files, checkServerIdentity: () => undefined }
    case "verify-full":
      return files
    case undefined:
      throw invalid("url.sslmode", undefined, "is missing", `${modes}: ${host} is not this machine`)
    default:
      throw invalid("url.sslmode", sslmode, "is not known", modes)
  }
}

function readFile(field: string, file: string): string {
  try {
    return readFileSync(file, "utf8")
  } catch (error) {
    throw invalid(`url.${field}`, file, error instanceof Error ? error.message : "cannot be read", "name a PEM file")
  }
}

function isThisMachine(host: string): boolean {
  return host.startsWith("/") || host === "localhost" || host === "::1" || /^127(?:\.\d+){3}$/.test(host)
}

function decode(field: string, part = ""): string {
  try {
    return decodeURIComponent(part)
  } catch {
    throw new Slash64Error("INVALID_ARGUMENT", `url: its ${field} has a % without two hex digits`, {
      field: `url.${field}`,
      hint: "write a % itself as %25",
    })
  }
}

function nameOf({ host, user, database }: PostgresConnection, port: number): string {
  const who = user === undefined ? "" : `${encodeURIComponent(user)}@`
  const what = database === undefined ? "" : encodeURIComponent(database)
  if (host.startsWith("/")) return `postgres://${who}/${what}?host=${host}`
  return `postgres://${who}${host.includes(":") ? `[${host}]` : host}:${port}/${what}`
}
