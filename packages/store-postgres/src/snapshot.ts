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

/**
 * Reads it in one statement, so at one moment. Where it shows something else than the reader before saw, it raises the
 * revision, unless another reader has done so meanwhile: then all is read again. docs/decisions/postgres-revision.md
 * says why an older snapshot never has a higher revision.
 */
export async function readNetwork(sql: Sql, id: string): Promise<NetworkSnapshot | undefined> {
  const rows = await sql.all(snapshotQuery, id)
  const head = rows.find((row) => row["body"] !== null)
  if (head === undefined) return undefined
  const nics = rows.filter((row) => row !== head).toSorted((a, b) => (textOf(a, "id") < textOf(b, "id") ? -1 : 1))
  const router = head["router"] === null ? undefined : { body: head["router"] }
  const content = { body: textOf(head, "body"), nics, ...(router && { router }) }
  const digest = snapshotDigest(content)
  const seen = numberOf(head, "revision")
  const revision = digest === textOf(head, "digest") ? seen : seen + 1
  if (revision !== seen && (await raise(sql, id, seen, digest)) === 0) throw new Again()
  return {
    revision,
    network: readNetworkRow(content),
    nics: nics.map(readNicRow),
    ...(router && { router: readRouterRow(router) }),
  }
}

/** Of all that a router is rendered from: the state of a NIC or router is not part of it. */
export function snapshotDigest({ body, router, nics }: Content): string {
  const hash = createHash("sha256").update(body)
  if (router) hash.update(JSON.stringify({ ...readRouterRow(router), state: undefined }))
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
