import assert from "node:assert/strict"
import { none, only, rejects, sameJson } from "../expect.ts"
import type { Check } from "../bench.ts"
import { badIds } from "./bad-ids.ts"

const wrongDigest = `sha256:${"0".repeat(64)}`

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
    name: "ensureRouter: two routers at once are two",
    async run(bench) {
      await bench.template()
      if (bench.fixtures.controlAddress !== undefined) return bench.leaveOut("the routers share one control address")
      const network = await bench.network()
      const specs = [await bench.routerSpec(network.id), await bench.routerSpec(network.id)]
      const made = await Promise.all(specs.map((spec) => bench.host.ensureRouter(spec, bench.call())))
      const list = await bench.host.listRouters(bench.call())
      for (const [index, { id }] of specs.entries()) sameJson(only(list, id), made[index])
    },
  },
  {
    name: "ensureRouter: another seed, other vCPUs and other memory count when it is made, and are the same router later",
    async run(bench) {
      await bench.template()
      const spec = await bench.routerSpec((await bench.network()).id)
      const made = await bench.host.ensureRouter(spec, bench.call())
      const seed = Buffer.alloc(1024, "a").toString("base64")
      sameJson(await bench.host.ensureRouter({ ...spec, seed, vcpus: 2, memoryMiB: 512 }, bench.call()), made)
    },
  },
  {
    name: "ensureRouter: the same id with another NIC or template is ALREADY_EXISTS, and nothing changed",
    async run(bench) {
      await bench.template()
      const spec = await bench.routerSpec((await bench.network()).id)
      const made = await bench.host.ensureRouter(spec, bench.call())
      const nics = spec.nics.map((nic) => ({ ...nic, mac: "02:00:5e:10:ff:fc" }))
      for (const other of [{ nics }, { templateDigest: wrongDigest }, { nics: [] }])
        await rejects("ALREADY_EXISTS", bench.host.ensureRouter({ ...spec, ...other }, bench.call()))
      sameJson(await bench.host.findRouter(spec.id, bench.call()), made)
    },
  },
  {
    name: "ensureRouter: a bad id, MAC, size or seed is INVALID_ARGUMENT, and makes nothing",
    async run(bench) {
      await bench.template()
      const spec = await bench.routerSpec((await bench.network()).id)
      const before = await bench.others()
      const wrong = [
        ...badIds.map((id) => ({ id })),
        { controlMac: "01:00:5e:10:00:01" },
        { nics: spec.nics.map((nic) => ({ ...nic, mac: spec.controlMac })) },
        { seed: Buffer.alloc(513).toString("base64") },
        { seed: "" },
        { vcpus: 0 },
        { memoryMiB: 1.5 },
      ]
      for (const one of wrong)
        await rejects("INVALID_ARGUMENT", bench.host.ensureRouter({ ...spec, ...one }, bench.call()))
      none(await bench.host.listRouters(bench.call()), spec.id)
      sameJson(await bench.others(), before)
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
    name: "prepareRouter: once and twice gives one halted router, which ensureRouter starts",
    async run(bench) {
      const { host } = bench
      if (host.prepareRouter === undefined) return bench.leaveOut("the host has no prepareRouter")
      await bench.template()
      const spec = await bench.routerSpec((await bench.network()).id)
      const { id, templateDigest, controlMac, nics } = spec
      const made = await host.prepareRouter(spec, bench.call())
      sameJson(made, { id, templateDigest, running: false, controlMac, nics })
      sameJson(await host.prepareRouter(spec, bench.call()), made)
      sameJson(only(await host.listRouters(bench.call()), id), made)
      sameJson(await host.ensureRouter(spec, bench.call()), { ...made, running: true })
      sameJson(await host.prepareRouter(spec, bench.call()), { ...made, running: true })
    },
  },
  {
    name: "haltRouter and prepareRouter: a router takes the place of another with the same MACs, of which one runs",
    async run(bench) {
      const { host } = bench
      if (host.haltRouter === undefined || host.prepareRouter === undefined)
        return bench.leaveOut("the host has not both")
      await bench.template()
      const network = await bench.network()
      const [old, other] = [await bench.routerSpec(network.id), await bench.routerSpec(network.id)]
      const next = { ...old, id: other.id }
      const was = await host.ensureRouter(old, bench.call())
      const made = await host.prepareRouter(next, bench.call())
      sameJson(await host.findRouter(old.id, bench.call()), was)
      await host.haltRouter(old.id, bench.call())
      await host.haltRouter(old.id, bench.call())
      sameJson(await host.findRouter(old.id, bench.call()), { ...was, running: false })
      sameJson(await host.ensureRouter(next, bench.call()), { ...made, running: true })
      await host.removeRouter(old.id, bench.call())
      sameJson(await host.findRouter(next.id, bench.call()), { ...made, running: true })
    },
  },
  {
    name: "haltRouter: absent is a success, and leaves the others alone",
    async run(bench) {
      const { host } = bench
      if (host.haltRouter === undefined) return bench.leaveOut("the host has no haltRouter")
      await bench.template()
      const spec = await bench.routerSpec((await bench.network()).id)
      const made = await host.ensureRouter(spec, bench.call())
      await host.haltRouter("conformance-absent", bench.call())
      sameJson(await host.findRouter(spec.id, bench.call()), made)
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
    name: "removeRouter: in parallel, and it is gone",
    async run(bench) {
      await bench.template()
      const spec = await bench.routerSpec((await bench.network()).id)
      await bench.host.ensureRouter(spec, bench.call())
      await Promise.all([1, 2].map(() => bench.host.removeRouter(spec.id, bench.call())))
      none(await bench.host.listRouters(bench.call()), spec.id)
    },
  },
  {
    name: "removeRouter: absent is a success, and leaves the others alone",
    async run(bench) {
      await bench.template()
      const spec = await bench.routerSpec((await bench.network()).id)
      const made = await bench.host.ensureRouter(spec, bench.call())
      await bench.host.removeRouter("conformance-absent", bench.call())
      sameJson(await bench.host.findRouter(spec.id, bench.call()), made)
    },
  },
  {
    name: "removeRouter: aborted before it starts removes nothing",
    async run(bench) {
      await bench.template()
      const spec = await bench.routerSpec((await bench.network()).id)
      const made = await bench.host.ensureRouter(spec, bench.call())
      await rejects("CANCELLED", bench.host.removeRouter(spec.id, bench.call(AbortSignal.abort())))
      sameJson(await bench.host.findRouter(spec.id, bench.call()), made)
    },
  },
]
