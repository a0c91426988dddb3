import { type HostEvent, Slash64Error, newCall } from "@slash64/core"
import { describe, expect, it } from "vitest"
import type { Xapi } from "../xapi/xapi.ts"
import { watchPool } from "./watch-pool.ts"

const vm = (uuid: string, power_state: string) => ({
  class: "vm",
  operation: "add",
  ref: `OpaqueRef:${uuid}`,
  snapshot: {
    uuid,
    power_state,
    is_a_template: false,
    is_a_snapshot: false,
    is_control_domain: false,
    guest_metrics: "OpaqueRef:NULL",
  },
})

/** A pool whose answers to event.from are these; asked for more, it waits as for a token that lies in the future. */
function poolOf(answers: readonly (readonly unknown[] | Slash64Error)[]) {
  const tokens: unknown[] = []
  let closed = 0
  const xapi: Pick<Xapi, "ask" | "close"> = {
    async ask(shape, signal, _method, ...[, token]) {
      const answer = answers[tokens.length]
      tokens.push(token)
      if (answer instanceof Slash64Error) throw answer
      if (answer !== undefined) return shape.parse({ token: `token-${tokens.length}`, events: answer })
      const { promise, reject } = Promise.withResolvers<never>()
      signal.addEventListener("abort", () => reject(new Slash64Error("CANCELLED", "aborted")), { once: true })
      return promise
    },
    async close() {
      closed++
    },
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what a watch without NICs uses of it
  return { xapi: xapi as Xapi, tokens, closed: () => closed }
}

async function watch(pool: ReturnType<typeof poolOf>, count: number, freshMs?: number): Promise<readonly HostEvent[]> {
  const stopping = new AbortController()
  const events: HostEvent[] = []
  const options = { xapi: pool.xapi, onGuest: async () => undefined, ...(freshMs !== undefined && { freshMs }) }
  for await (const event of watchPool(options, newCall({ signal: stopping.signal }))) {
    events.push(event)
    if (events.length === count) stopping.abort()
  }
  return events
}

describe("watchPool", () => {
  it("trusts no token for longer than it is told to", async () => {
    const pool = poolOf([[vm("a", "Running")], [], [vm("a", "Halted")]])
    expect(await watch(pool, 1, -1)).toEqual([{ kind: "vm-gone", vmId: "a" }])
    expect(pool.tokens).toEqual(["", ""])
    expect(pool.closed()).toBe(1)
  })

  it("goes on from its token while all is well", async () => {
    const pool = poolOf([[vm("a", "Halted")], [], [vm("a", "Running")]])
    expect(await watch(pool, 1)).toEqual([{ kind: "vm-started", vmId: "a" }])
    expect(pool.tokens).toEqual(["", "token-1", "token-2"])
  })

  it("reads all anew after a failure that may pass, and ends with one that does not", async () => {
    const away = new Slash64Error("UNAVAILABLE", "away")
    const refused = new Slash64Error("UNAUTHENTICATED", "no")
    const pool = poolOf([[vm("a", "Halted")], away, [vm("a", "Running")], refused])
    const events: HostEvent[] = []
    const all = async (): Promise<void> => {
      for await (const event of watchPool({ xapi: pool.xapi, onGuest: async () => undefined }, newCall())) {
        events.push(event)
      }
    }
    await expect(all()).rejects.toBe(refused)
    expect(events).toEqual([{ kind: "vm-started", vmId: "a" }])
    expect(pool.tokens).toEqual(["", "token-1", "", "token-3"])
    expect(pool.closed()).toBe(1)
  })

  it("ends with a typed error for an object that it cannot read", async () => {
    const pool = poolOf([[{ ...vm("a", "Halted"), snapshot: { uuid: 7 } }]])
    await expect(watch(pool, 1)).rejects.toMatchObject({ code: "INTERNAL" })
  })
})
