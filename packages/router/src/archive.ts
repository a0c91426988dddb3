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
