import { readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { parseMatrix, renderMatrix, type Marks } from "./render-matrix.ts"

const document = join(import.meta.dirname, "../../docs/guest-matrix.md")

/** Prints docs/guest-matrix.md with these lines renewed; a run of some guests alone leaves the others' as they are. */
export async function renewDocument(renewed: Iterable<readonly [string, Marks]>): Promise<void> {
  const before = await readFile(document, "utf8").catch(() => "")
  const text = renderMatrix(new Map([...parseMatrix(before), ...renewed]))
  process.stdout.write(text)
  await writeFile(document, text)
}
