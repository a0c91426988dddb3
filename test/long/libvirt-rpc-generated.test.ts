import { readFileSync, readdirSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "vitest"
import { fetchSource } from "../../packages/libvirt-rpc/generator/fetch-source.ts"
import { generate } from "../../packages/libvirt-rpc/generator/generate.ts"

const committed = join(import.meta.dirname, "../../packages/libvirt-rpc/src/generated")

it("what is committed is what the generator makes of Debian's source package of libvirt", async () => {
  const files = generate(await fetchSource(AbortSignal.timeout(600_000)))
  expect(readdirSync(committed).toSorted()).toEqual([...files.keys()].toSorted())
  for (const [name, text] of files) expect(readFileSync(join(committed, name), "utf8") === text, name).toBe(true)
})
