import { readFileSync } from "node:fs"
import { join } from "node:path"

/** A TypeScript block of a document. */
export interface DocExample {
  /** A file name for it, after its document. */
  readonly name: string
  readonly text: string
  /** What it says that it prints (`// prints: ...`), line by line; undefined for one that is not to be run. */
  readonly prints: string | undefined
}

/** The TypeScript blocks of documents, by their paths in the checkout. */
export function readDocExamples(root: string, documents: readonly string[]): readonly DocExample[] {
  return documents.flatMap((document) =>
    [...readFileSync(join(root, document), "utf8").matchAll(/^```ts\n(.*?)^```$/gms)].map(([, text = ""], index) => ({
      name: `${document.replaceAll(/[/.]/g, "-").toLowerCase()}-${index}`,
      text,
      prints: printed(text),
    })),
  )
}

function printed(text: string): string | undefined {
  const lines = [...text.matchAll(/\/\/ prints: (.*)$/gm)].map(([, line = ""]) => `${line}\n`)
  return lines.length === 0 ? undefined : lines.join("")
}
