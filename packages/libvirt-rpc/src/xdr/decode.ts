import type { Codec } from "./xdr-codec.ts"
import { XdrError } from "./xdr-error.ts"
import { XdrReader } from "./xdr-reader.ts"

/** The one value that a payload holds; bytes that are left over are an XdrError. */
export function decode<T>(codec: Pick<Codec<T>, "read">, payload: Buffer): T {
  const reader = new XdrReader(payload)
  const value = codec.read(reader)
  if (reader.remaining > 0) throw new XdrError(`${reader.remaining} bytes are left over`)
  return value
}
