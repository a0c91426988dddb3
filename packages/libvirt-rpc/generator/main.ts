import { readdir, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { fetchSource } from "./fetch-source.ts"
import { generate } from "./generate.ts"

const target = join(import.meta.dirname, "../src/generated")
const files = generate(await fetchSource(AbortSignal.timeout(300_000)))
for (const name of await readdir(target)) if (!files.has(name)) await rm(join(target, name))
for (const [name, text] of files) await writeFile(join(target, name), text)
console.log(`Wrote ${files.size} files to ${target}`)
