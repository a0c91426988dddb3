import { buffer } from "node:stream/consumers"
import { pack } from "tar-stream"

export type ArchiveMember = readonly [name: string, content: string]

/**
 * A ustar archive of these members, in this order: mode 0600, owned by root, with no time of its own, so that the
 * same members give the same bytes. Its size is a multiple of 512.
 */
export async function makeArchive(members: Iterable<ArchiveMember>): Promise<Uint8Array> {
  const archive = pack()
  const bytes = buffer(archive)
  for (const [name, content] of members) {
    archive.entry({ name, mode: 0o600, uid: 0, gid: 0, mtime: new Date(0) }, content)
  }
  archive.finalize()
  return bytes
}

/** The same archive in pieces, so that a large one is never in memory whole. */
export async function* streamArchive(members: readonly ArchiveMember[]): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < members.length; at += membersPerPiece) {
    const piece = await makeArchive(members.slice(at, at + membersPerPiece))
    yield piece.subarray(0, piece.length - endOfArchive)
  }
  yield new Uint8Array(endOfArchive)
}

const membersPerPiece = 256
/** Two blocks of zeros (POSIX pax, "ustar Interchange Format"). */
const endOfArchive = 1024
