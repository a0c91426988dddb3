import assert from "node:assert/strict"
import { none, only, rejects, sameJson } from "../expect.ts"
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
    name: "removeTemplate: absent is a success",
    async run(bench) {
      await bench.host.removeTemplate(wrongDigest, bench.call())
    },
  },
]

export const routerChecks: readonly Check[] = [
  {
    name: "ensureRouter: once and twice gives one running router, as the spec says",
    async run(bench) {
      await bench.template()
      const spec = await bench.routerSpec((await bench.network()).id)
      const { id, templateDigest, controlMac, nics } = spec
      const made = await bench.host.ensureRouter(spec, bench.call())
      sameJson(made, { id, templateDigest, running: true, controlMac, nics })
      sameJson(await bench.host.ensureRouter(spec, bench.call()), made)
      sameJson(await bench.host.findRouter(id, bench.call()), made)
      sameJson(only(await bench.host.listRouters(bench.call()), id), made)
    },
  },
  {
    name: "ensureRouter: a router that was powered off is found halted, and runs again",
    async run(bench) {
      bench.need("powerOff")
      await bench.template()
      const spec = await bench.routerSpec((await bench.network()).id)
      const made = await bench.host.ensureRouter(spec, bench.call())
      await bench.fixtures.powerOff?.(spec.id)
      sameJson(await bench.host.findRouter(spec.id, bench.call()), { ...made, running: false })
      await rejects("UNAVAILABLE", bench.host.openRouterStream(spec.id, bench.call()))
      sameJson(await bench.host.ensureRouter(spec, bench.call()), made)
      only(await bench.host.listRouters(bench.call()), spec.id)
    },
  },
  {
    name: "ensureRouter: in parallel gives one router",
    async run(bench) {
      await bench.template()
      const spec = await bench.routerSpec((await bench.network()).id)
      const [first, second] = await Promise.all([1, 2].map(() => bench.host.ensureRouter(spec, bench.call())))
      sameJson(first, second)
      only(await bench.host.listRouters(bench.call()), spec.id)
    },
  },
  {
    name: "ensureRouter: the same id with another control MAC is ALREADY_EXISTS, and nothing changed",
    async run(bench) {
      await bench.template()
      const spec = await bench.routerSpec((await bench.network()).id)
      const made = await bench.host.ensureRouter(spec, bench.call())
      const other = { ...spec, controlMac: "02:00:5e:10:ff:fd" }
      await rejects("ALREADY_EXISTS", bench.host.ensureRouter(other, bench.call()))
      sameJson(await bench.host.findRouter(spec.id, bench.call()), made)
    },
  },
  {
    name: "ensureRouter: before ensureTemplate is NOT_FOUND, and makes nothing",
    async run(bench) {
      const spec = { ...(await bench.routerSpec((await bench.network()).id)), templateDigest: wrongDigest }
      await rejects("NOT_FOUND", bench.host.ensureRouter(spec, bench.call()))
      none(await bench.host.listRouters(bench.call()), spec.id)
    },
  },
  {
    name: "ensureRouter: before ensureNetwork is NOT_FOUND, and makes nothing",
    async run(bench) {
      await bench.template()
      const spec = await bench.routerSpec(bench.networkSpec().id)
      await rejects("NOT_FOUND", bench.host.ensureRouter(spec, bench.call()))
      none(await bench.host.listRouters(bench.call()), spec.id)
    },
  },
  {
    name: "ensureRouter: aborted before it starts makes nothing",
    async run(bench) {
      await bench.template()
      const spec = await bench.routerSpec((await bench.network()).id)
      await rejects("CANCELLED", bench.host.ensureRouter(spec, bench.call(AbortSignal.abort())))
      none(await bench.host.listRouters(bench.call()), spec.id)
    },
  },
  {
    name: "findRouter: an absent router is undefined",
    async run(bench) {
      assert.equal(await bench.host.findRouter("conformance-absent", bench.call()), undefined)
    },
  },
  {
    name: "removeNetwork and removeTemplate: FAILED_PRECONDITION while a router stands on them",
    async run(bench) {
      const template = await bench.template()
      const network = await bench.network()
      const spec = await bench.routerSpec(network.id)
      await bench.host.ensureRouter(spec, bench.call())
      await rejects("FAILED_PRECONDITION", bench.host.removeNetwork(network.id, bench.call()))
      await rejects("FAILED_PRECONDITION", bench.host.removeTemplate(template.digest, bench.call()))
      assert.equal((await bench.host.findRouter(spec.id, bench.call()))?.running, true)
    },
  },
  {
    name: "removeRouter: once and twice, and it is gone with its NICs",
    async run(bench) {
      await bench.template()
      const network = await bench.network()
      const spec = await bench.routerSpec(network.id)
      await bench.host.ensureRouter(spec, bench.call())
      await bench.host.removeRouter(spec.id, bench.call())
      none(await bench.host.listRouters(bench.call()), spec.id)
      assert.equal(await bench.host.findRouter(spec.id, bench.call()), undefined)
      await bench.host.removeRouter(spec.id, bench.call())
      await bench.host.removeNetwork(network.id, bench.call())
    },
  },
  {
    name: "openRouterStream: an absent router is NOT_FOUND",
    async run(bench) {
      await rejects("NOT_FOUND", bench.host.openRouterStream("conformance-absent", bench.call()))
    },
  },
]
