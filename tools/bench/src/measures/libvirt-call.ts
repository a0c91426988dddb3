import { spawn } from "node:child_process"
import { once } from "node:events"
import { open, readFile } from "node:fs/promises"
import { join } from "node:path"
import { connect } from "@slash64/libvirt-rpc"
import type { Connection } from "@slash64/libvirt-rpc"
import { startLibvirtd } from "@slash64/tool-lab"
import { mustCount, timed } from "../measure.ts"
import type { Bench, Measure, Sample } from "../measure.ts"

const name = "bench"
const uuid = "4dea22b3-1d52-d8f3-2516-782e98ab3fa0"
const domainXml = `<domain type='qemu'>
  <name>${name}</name><uuid>${uuid}</uuid><memory unit='MiB'>32</memory>
  <os><type arch='x86_64'>hvm</type></os>
</domain>`
const calls = 2000

export const libvirtCall: Measure = {
  id: "P11",
  alias: "libvirt",
  title: "calls of libvirt's protocol against virsh",
  async run(bench) {
    if (process.getuid?.() !== 0) return bench.skip("a private libvirtd needs root")
    bench.progress("starting a private libvirtd")
    const request = { dir: join(bench.directory, "libvirtd"), private: true, hideKvm: true, signal: bench.signal }
    const libvirtd = await startLibvirtd(request).catch((error: unknown) => {
      bench.signal.throwIfAborted()
      bench.skip(String(error))
    })
    if (libvirtd === undefined) return
    try {
      await compareOn(libvirtd.uri, bench)
    } finally {
      await libvirtd.stop()
    }
  },
}

async function compareOn(uri: string, bench: Bench): Promise<void> {
  await using connection = await connect(uri)
  const { dom } = await connection.domainDefineXmlFlags({ xml: domainXml, flags: 0 })
  const common = { by: "cost", target: 1.3 } as const
  await bench.compare({
    ...common,
    title: "one call: a domain by its name",
    ours: { name: "domainLookupByName", run: () => lookUp(connection) },
    peer: { name: "virsh domuuid", run: () => virshRound(bench, uri, "domuuid", uuid) },
  })
  await bench.compare({
    ...common,
    title: "two calls: a domain by its name, then its XML",
    ours: { name: "domainLookupByName, domainGetXmlDesc", run: () => describe(connection) },
    peer: { name: "virsh dumpxml", run: () => virshRound(bench, uri, "dumpxml", "</domain>") },
  })
  await connection.domainUndefineFlags({ dom, flags: 0 })
  const { lib_ver: version } = await connection.connectGetLibVersion()
  bench.note(
    `libvirt ${version / 1_000_000n}.${(version / 1000n) % 1000n}.${version % 1000n}, a private libvirtd on its unix socket. ` +
      "virsh runs the commands in one interactive session and tells the time of each by itself (--timing), " +
      "which leaves out its start and the reading of its input. domuuid is one RPC, dumpxml two, as ours.",
  )
}

async function lookUp(connection: Connection): Promise<Sample> {
  let right = 0
  const sample = await timed(calls, async () => {
    for (let count = 0; count < calls; count++)
      if ((await connection.domainLookupByName({ name })).dom.uuid === uuid) right++
  })
  mustCount("domains that were found", right, calls)
  return sample
}

async function describe(connection: Connection): Promise<Sample> {
  let right = 0
  const sample = await timed(calls, async () => {
    for (let count = 0; count < calls; count++) {
      const { dom } = await connection.domainLookupByName({ name })
      if ((await connection.domainGetXmlDesc({ dom, flags: 0 })).xml.includes("</domain>")) right++
    }
  })
  mustCount("XML documents", right, calls)
  return sample
}

/** So many commands on one line of an interactive session; each must have printed `answer` once. */
async function virshRound({ directory }: Bench, uri: string, command: string, answer: string): Promise<Sample> {
  const file = join(directory, "virsh")
  await using output = await open(file, "w")
  // Not a pipe: reading it would take CPU time from virsh. It keeps its history in the cache's directory.
  const child = spawn("virsh", ["--timing", "--connect", uri], {
    stdio: ["pipe", output.fd, "inherit"],
    env: { ...process.env, LC_ALL: "C", XDG_CACHE_HOME: directory },
  })
  const ended = once(child, "exit")
  child.stdin?.end(`${Array.from({ length: calls }, () => `${command} ${name}`).join("; ")}\n`)
  await ended
  const said = await readFile(file, "utf8")
  const times = [...said.matchAll(/\(Time: ([\d.]+) ms\)/g)].map(([, time]) => Number(time))
  mustCount(`answers of virsh ${command}`, said.split(answer).length - 1, calls)
  mustCount(`times of virsh ${command}`, times.length, calls)
  return { operations: calls, seconds: times.reduce((sum, each) => sum + each, 0) / 1000 }
}
