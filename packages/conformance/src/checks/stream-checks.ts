import assert from "node:assert/strict"
import type { Duplex } from "node:stream"
import { setTimeout as delay } from "node:timers/promises"
import { isSlash64Error } from "@slash64/core"
import type { Bench, Check } from "../bench.ts"
import { rejects } from "../expect.ts"

/** Asks again while the router boots, for which UNAVAILABLE is the one right answer. */
async function openStream(bench: Bench, routerId: string): Promise<Duplex> {
  const deadline = Date.now() + 6 * bench.patienceMs
  for (;;) {
    try {
      const stream = await bench.host.openRouterStream(routerId, bench.call())
      bench.after(async () => void stream.destroy())
      return stream
    } catch (error) {
      if (!isSlash64Error(error) || error.code !== "UNAVAILABLE" || Date.now() > deadline) throw error
      await delay(bench.patienceMs / 100)
    }
  }
}

/** The next bytes; a stream that ends or says nothing fails. */
async function nextBytes({ patienceMs }: Bench, stream: Duplex, what: string): Promise<string> {
  for (let waited = 0; waited < patienceMs; waited += 20) {
    const bytes: unknown = stream.read()
    if (bytes instanceof Uint8Array) return Buffer.from(bytes).toString("latin1")
    assert.ok(!stream.destroyed && !stream.readableEnded, `the stream ended before ${what}`)
    await delay(20)
  }
  return assert.fail(`${patienceMs} ms without ${what}`)
}

/** The greeting of an SSH server, and what it says when it was greeted. */
async function talk(bench: Bench, stream: Duplex): Promise<void> {
  assert.match(await nextBytes(bench, stream, "a greeting"), /^SSH-2\.0-/)
  stream.write("SSH-2.0-conformance\r\n")
  await nextBytes(bench, stream, "an answer")
}

export const streamChecks: readonly Check[] = [
  {
    name: "openRouterStream: an absent router is NOT_FOUND",
    async run(bench) {
      await rejects("NOT_FOUND", bench.host.openRouterStream("conformance-absent", bench.call()))
    },
  },
  {
    name: "openRouterStream: bytes pass both ways to a running router's sshd, on two streams at once",
    async run(bench) {
      bench.need("boots")
      await bench.template()
      const spec = await bench.routerSpec((await bench.network()).id)
      await bench.host.ensureRouter(spec, bench.call())
      const one = await openStream(bench, spec.id)
      const other = await openStream(bench, spec.id)
      await Promise.all([talk(bench, one), talk(bench, other)])
      one.destroy()
      await talk(bench, await openStream(bench, spec.id))
    },
  },
]
