import { createHash } from "node:crypto"
import type { NetworkSnapshot } from "@slash64/core"
import { numberOf, readNetworkRow, readNicRow, readRouterRow, textOf } from "@slash64/core/store-rules"
import type { Row } from "@slash64/core/store-rules"
import { nicColumns } from "./nic-columns.ts"
import { Again } from "./postgres-connection.ts"
import type { Sql } from "./postgres-connection.ts"

/** What a snapshot shows, before it has a revision. */
interface Content {
  readonly body: string
  readonly router?: Row
  /** By id. */
  readonly nics: readonly Row[]
}

/** What a network shows now, and what the last reader saw of it. */
interface Sight {
  readonly content: Content
  readonly digest: string
  readonly seen: { readonly revision: number; readonly digest: string }
}

/**
 * Reads it in one statement, so at one moment. Where it shows something else than the reader before saw, it raises the
 * revision, unless another reader has done so meanwhile: then all is read again. docs/decisions/postgres-revision.md
 * says why an older snapshot never has a higher revision.
 */
export async function readNetwork(sql: Sql, id: string): Promise<NetworkSnapshot | undefined> {
  const sight = await look(sql, id)
  if (sight === undefined) return undefined
  const { content, seen, digest } = sight
  const revision = revisionOf(sight)
  if (revision !== seen.revision && (await raise(sql, id, seen.revision, digest)) === 0) throw new Again()
  return {
    revision,
    network: readNetworkRow({ body: content.body }),
    nics: content.nics.map(readNicRow),
    ...(content.router && { router: readRouterRow(content.router) }),
  }
}

/** The revision that a reader would be given now. */
export async function currentRevision(sql: Sql, id: string): Promise<number> {
  const sight = await look(sql, id)
  return sight === undefined ? 1 : revisionOf(sight)
}

/**
 * The same content under the next revision, for one who writes nothing that is shown. It keeps the digest, so the reader
 * that comes next gives this revision, or one above it where it sees something else.
 */
export async function raiseRevision(sql: Sql, id: string): Promise<void> {
  await sql.run("UPDATE revisions SET revision = revision + 1 WHERE network_id = $1", id)
}

/** Makes what the network shows now the content of this revision. */
export async function setRevision(sql: Sql, id: string, revision: number): Promise<void> {
  const sight = await look(sql, id)
  if (sight === undefined) return
  await sql.run("UPDATE revisions SET revision = $2, digest = $3 WHERE network_id = $1", id, revision, sight.digest)
}

async function look(sql: Sql, id: string): Promise<Sight | undefined> {
  const rows = await sql.all(snapshotQuery, id)
  const head = rows.find((row) => row["body"] !== null)
  if (head === undefined) return undefined
  const nics = rows.filter((row) => row !== head).toSorted((a, b) => (textOf(a, "id") < textOf(b, "id") ? -1 : 1))
  const router = head["router"] === null ? undefined : { body: head["router"] }
  const content = { body: textOf(head, "body"), nics, ...(router && { router }) }
  const seen = { revision: numberOf(head, "revision"), digest: textOf(head, "digest") }
  return { content, digest: snapshotDigest(content), seen }
}

function revisionOf({ digest, seen }: Sight): number {
  return digest === seen.digest ? seen.revision : seen.revision + 1
}

/** Of all that a router is rendered from: the state of a NIC, and what a router's VM is, are no part of it. */
export function snapshotDigest({ body, router, nics }: Content): string {
  const hash = createHash("sha256").update(body)
  if (router) {
    const { id, guestMac, controlMac, serverDuid } = readRouterRow(router)
    hash.update(JSON.stringify({ id, guestMac, controlMac, serverDuid }))
  }
  for (const row of nics) hash.update(JSON.stringify({ ...readNicRow(row), state: undefined }))
  return hash.digest("hex")
}

const snapshotQuery = `
  SELECT n.body AS body, r.body AS router, v.revision AS revision, v.digest AS digest, NULL AS id, NULL AS network_id,
    NULL AS host, NULL AS vm_id, NULL AS mac, NULL AS ipv6, NULL AS ipv4, NULL AS hostname, NULL AS is_default,
    NULL AS state
  FROM networks n JOIN revisions v ON v.network_id = n.id LEFT JOIN routers r ON r.network_id = n.id WHERE n.id = $1
  UNION ALL
  SELECT NULL, NULL, NULL, NULL, ${nicColumns} FROM nics WHERE network_id = $1 AND state <> 'leaving'`

async function raise(sql: Sql, id: string, seen: number, digest: string): Promise<number> {
  return sql.run(
    "UPDATE revisions SET revision = revision + 1, digest = $3 WHERE network_id = $1 AND revision = $2",
    id,
    seen,
    digest,
  )
}
