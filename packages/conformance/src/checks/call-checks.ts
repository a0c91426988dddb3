import assert from "node:assert/strict"
import { hostVerbs, newCall } from "@slash64/core"
import type { Call, ErrorCode, HypervisorHost } from "@slash64/core"
import type { Check } from "../bench.ts"
import { only, rejects, sameJson } from "../expect.ts"
import { randomMac, scratchId } from "../scratch.ts"
import { absentVm } from "./host-checks.ts"

type Verb = Exclude<(typeof hostVerbs)[number], "close">

/** Every verb with a request that is well formed, about nothing that is there. */
const requests: Readonly<Record<Verb, (host: HypervisorHost, call: Call) => Promise<unknown>>> = {
  describeHost: (host, call) => host.describeHost(call),
  ensureNetwork: (host, call) =>
    host.ensureNetwork({ id: scratchId(), attachment: { kind: "isolated" }, mtu: 1500 }, call),
  removeNetwork: (host, call) => host.removeNetwork(scratchId(), call),
  listNetworks: (host, call) => host.listNetworks(call),
  attachNic: (host, call) => host.attachNic(absentNic(), call),
  detachNic: (host, call) => host.detachNic(absentNic(), call),
  listNics: (host, call) => host.listNics(call),
  observeNic: (host, call) => host.observeNic(absentNic(), call),
  findVm: (host, call) => host.findVm(absentVm, call),
  findVmsByName: (host, call) => host.findVmsByName("conformance", call),
  ensureTemplate: (host, call) =>
    host.ensureTemplate({ digest: absentDigest, version: "1", file: "/nonexistent", format: "raw" }, call),
  listTemplates: (host, call) => host.listTemplates(call),
  removeTemplate: (host, call) => host.removeTemplate(absentDigest, call),
  ensureRouter: (host, call) => host.ensureRouter(absentRouter(), call),
  removeRouter: (host, call) => host.removeRouter(scratchId(), call),
  findRouter: (host, call) => host.findRouter(scratchId(), call),
  listRouters: (host, call) => host.listRouters(call),
  openRouterStream: (host, call) => host.openRouterStream(scratchId(), call),
}

const verbs = hostVerbs.filter((verb) => verb !== "close")
const readingVerbs = verbs.filter((verb) => /^(list|find|observe|describe)/.test(verb))
const absentDigest = `sha256:${"0".repeat(64)}`

function absentNic() {
  const id = scratchId()
  return { id, vmId: absentVm, networkId: id, mac: randomMac(), addresses: [], portSecurity: false }
}

function absentRouter() {
  const [seed, nics] = [Buffer.alloc(512).toString("base64"), [{ networkId: scratchId(), mac: randomMac() }]]
  return {
    id: scratchId(),
    templateDigest: absentDigest,
    vcpus: 1,
    memoryMiB: 256,
    seed,
    controlMac: randomMac(),
    nics,
  }
}

/** Each of these verbs rejects with the code; the message names the verb that does not. */
async function eachRejects(
  code: ErrorCode,
  asked: readonly Verb[],
  ask: (request: (typeof requests)[Verb]) => Promise<unknown>,
): Promise<void> {
  const wrong: string[] = []
  for (const verb of asked) {
    await rejects(code, ask(requests[verb])).catch((error: unknown) => wrong.push(`${verb}: ${String(error)}`))
  }
  assert.deepEqual(wrong, [])
}

export const callChecks: readonly Check[] = [
  ...verbs.map((verb): Check => ({
    name: `${verb}: a call that was aborted before it began is CANCELLED`,
    run: async (bench) => {
      await rejects("CANCELLED", requests[verb](bench.host, bench.call(AbortSignal.abort())))
    },
  })),
  {
    name: "every verb: a deadline that has passed is DEADLINE_EXCEEDED",
    async run({ host }) {
      const passed = AbortSignal.abort(new DOMException("too late", "TimeoutError"))
      await eachRejects("DEADLINE_EXCEEDED", verbs, (request) => request(host, newCall({ signal: passed })))
    },
  },
  {
    name: "every reading verb: a host that cannot be reached is UNAVAILABLE, and never empty",
    async run(bench) {
      const plugIn = bench.need("wire").unplug?.()
      if (plugIn === undefined) return bench.leaveOut("the wire here cannot be unplugged")
      try {
        await eachRejects("UNAVAILABLE", readingVerbs, (request) => request(bench.host, bench.call()))
      } finally {
        plugIn()
      }
      await bench.host.listNetworks(bench.call())
    },
  },
  {
    name: "every list: a second connection finds what the first one made",
    async run(bench) {
      const network = await bench.network()
      const other = await bench.connect()
      sameJson(
        only(await other.listNetworks(bench.call()), network.id),
        only(await bench.host.listNetworks(bench.call()), network.id),
      )
      sameJson(await other.listNics(bench.call()), await bench.host.listNics(bench.call()))
      sameJson(await other.listTemplates(bench.call()), await bench.host.listTemplates(bench.call()))
      sameJson(await other.listRouters(bench.call()), await bench.host.listRouters(bench.call()))
    },
  },
  {
    name: "listNics: a second connection finds a NIC that the first one plugged",
    async run(bench) {
      const nic = bench.nicSpec((await bench.network()).id, bench.vm("halted"))
      const made = await bench.host.attachNic(nic, bench.call())
      sameJson(only(await (await bench.connect()).listNics(bench.call()), nic.id), made)
    },
  },
  {
    name: "listTemplates and listRouters: a second connection finds what the first one made",
    async run(bench) {
      const { digest, version } = await bench.template()
      const spec = await bench.routerSpec((await bench.network()).id)
      const made = await bench.host.ensureRouter(spec, bench.call())
      const other = await bench.connect()
      const templates = await other.listTemplates(bench.call())
      sameJson(
        templates.filter((one) => one.digest === digest),
        [{ digest, version }],
      )
      sameJson(only(await other.listRouters(bench.call()), spec.id), made)
    },
  },
]

export const closeChecks: readonly Check[] = [
  {
    name: "foreign objects: all that is not ours is as it was before the suite",
    async run(bench) {
      bench.need("foreign")
      sameJson(await bench.fixtures.foreign?.(), bench.atOpen?.foreign)
    },
  },
  {
    name: "foreign objects: what others made with slash64 is as it was before the suite",
    async run(bench) {
      sameJson(await bench.others(), bench.atOpen?.others)
    },
  },
  {
    name: "close: once, twice and in parallel",
    async run(bench) {
      const host = await bench.connect()
      await host.close()
      await host.close()
      await Promise.all([host.close(), host.close()])
    },
  },
  {
    name: "close: every verb after it is FAILED_PRECONDITION, and another connection goes on",
    async run(bench) {
      const host = await bench.connect()
      await host.listNetworks(bench.call())
      await host.close()
      await eachRejects("FAILED_PRECONDITION", verbs, (request) => request(host, bench.call()))
      await bench.host.listNetworks(bench.call())
    },
  },
]
