import assert from "node:assert/strict"
import { rejects, sameJson } from "../expect.ts"
import type { Progress } from "@slash64/core"
import type { Check } from "../bench.ts"

const wrongDigest = `sha256:${"0".repeat(64)}`

export const templateChecks: readonly Check[] = [
  {
    name: "ensureTemplate: once, twice and in parallel, and the list has it once",
    async run(bench) {
      const { digest, version } = bench.need("template")
      const both = await Promise.all([1, 2].map(() => bench.host.ensureTemplate(bench.need("template"), bench.call())))
      for (const made of [...both, await bench.host.ensureTemplate(bench.need("template"), bench.call())]) {
        sameJson(made, { digest, version })
      }
      const listed = await bench.host.listTemplates(bench.call())
      sameJson(
        listed.filter((one) => one.digest === digest),
        [{ digest, version }],
      )
    },
  },
  {
    name: "ensureTemplate: an upload tells how far it is",
    async run(bench) {
      const template = bench.need("template")
      await bench.host.removeTemplate(template.digest, bench.call())
      const told: Progress[] = []
      const call = { ...bench.call(), report: (progress: Progress) => void told.push(progress) }
      await bench.host.ensureTemplate(template, call)
      const counted = told.filter(({ done, total }) => done !== undefined && total !== undefined)
      assert.ok(counted.length > 0, "no progress was told")
      for (const { done = 0, total = 0 } of counted) assert.ok(done <= total, `${done} of ${total}`)
    },
  },
  {
    name: "ensureTemplate: a bad digest is INVALID_ARGUMENT",
    async run(bench) {
      for (const digest of ["", "sha256:", `sha256:${"G".repeat(64)}`, `../${wrongDigest}`]) {
        const asked = { ...bench.need("template"), digest }
        await rejects("INVALID_ARGUMENT", bench.host.ensureTemplate(asked, bench.call()))
      }
    },
  },
  {
    name: "ensureTemplate: a file with another digest is DATA_LOSS, and leaves nothing",
    async run(bench) {
      const wrong = { ...bench.need("template"), digest: wrongDigest }
      await rejects("DATA_LOSS", bench.host.ensureTemplate(wrong, bench.call()))
      const listed = await bench.host.listTemplates(bench.call())
      assert.equal(
        listed.find((one) => one.digest === wrongDigest),
        undefined,
      )
    },
  },
  {
    name: "ensureTemplate: a file that is not there is NOT_FOUND",
    async run(bench) {
      const absent = { ...bench.need("template"), digest: wrongDigest, file: "/nonexistent/conformance.img" }
      await rejects("NOT_FOUND", bench.host.ensureTemplate(absent, bench.call()))
    },
  },
  {
    name: "ensureTemplate: aborted before it starts is CANCELLED",
    async run(bench) {
      const template = bench.need("template")
      await rejects("CANCELLED", bench.host.ensureTemplate(template, bench.call(AbortSignal.abort())))
    },
  },
  {
    name: "removeTemplate: once, twice and in parallel, it is gone, and ensureTemplate brings it again",
    async run(bench) {
      const { digest } = await bench.template()
      const isListed = async (): Promise<boolean> =>
        (await bench.host.listTemplates(bench.call())).some((one) => one.digest === digest)
      await Promise.all([1, 2].map(() => bench.host.removeTemplate(digest, bench.call())))
      assert.equal(await isListed(), false, "it is there")
      await bench.host.removeTemplate(digest, bench.call())
      await bench.template()
      assert.equal(await isListed(), true, "it is not there again")
    },
  },
  {
    name: "removeTemplate: absent is a success",
    async run(bench) {
      await bench.host.removeTemplate(wrongDigest, bench.call())
    },
  },
]
