import { execFile } from "node:child_process"
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { promisify } from "node:util"
import { parseIpv4Address, parseIpv4Prefix, parseIpv6Address, parseNicMac } from "@slash64/core"
import type { Reservation, RouterState } from "@slash64/core"
import { ensureRouterDnsmasq } from "@slash64/tool-systemvm"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { openGuestSegment, type GuestSegment } from "./guest-segment.ts"
import { startNamespaceRouter, type NamespaceRouter } from "./namespace-router.ts"
import { badHosts, goodHosts } from "./reservation-lines.ts"
import { lab } from "./router-states.ts"

const exec = promisify(execFile)
const debians = "/usr/sbin/dnsmasq"

/** What the patches 0007 to 0009 of dnsmasq are for: a router with as many reservations as a network has NICs. */
describe("ten thousand reservations", () => {
  const state = stateOf(10_000)
  let segment: GuestSegment
  beforeAll(async () => {
    segment = await openGuestSegment("s64v")
  })
  afterAll(() => segment.close())

  async function onRouter<T>(of: RouterState, program: string, use: (router: NamespaceRouter) => Promise<T>) {
    const router = await startNamespaceRouter(segment, of, program)
    try {
      return await use(router)
    } finally {
      await router.stop()
      await segment.removeNamespace(router.namespace)
    }
  }

  it("are served, the first, the last, and one that is added to them", async () => {
    const { program } = await ensureRouterDnsmasq()
    await onRouter(state, program, async (router) => {
      const added = nicOf(10_000)
      await writeFile(join(router.directory, "run/hosts.d", added.mac), `${lineOf(added)}\n`)
      for (const { mac, ipv6, ipv4 } of [nicOf(0), nicOf(9_999), added]) {
        const guest = await segment.addNamespace(mac, "guest0")
        expect((await segment.askDhcp(guest, { family: 6, seconds: 20 })).addresses).toEqual([ipv6])
        expect((await segment.askDhcp(guest, { family: 4, seconds: 20 })).addresses).toEqual([ipv4])
        await segment.removeNamespace(guest)
      }
    })
  })

  // Callgrind makes a program some fifty times slower, so this one has fewer.
  it("are not looked up one by one when one is added, as Debian's dnsmasq does", async () => {
    const added = Array.from({ length: 20 }, (_, index) => nicOf(2_000 + index))
    const cost = async (program: string) =>
      (await countInstructions(program, onlyIpv6(stateOf(2_000)), added)) -
      (await countInstructions(program, onlyIpv6(stateOf(2_000)), []))
    const [ours, stock] = [await cost((await ensureRouterDnsmasq()).program), await cost(debians)]
    expect(ours * 3).toBeLessThan(stock)
  })

  it("are not compared with one another when they are read, as Debian's dnsmasq does", async () => {
    const ours = await countInstructions((await ensureRouterDnsmasq()).program, state, [])
    const stock = await countInstructions(debians, state, [])
    expect(ours * 3).toBeLessThan(stock)
  })

  /** The instructions that dnsmasq executes from its start to its end, `added` to its reservations between (valgrind(1)). */
  async function countInstructions(program: string, of: RouterState, added: readonly Reservation[]): Promise<number> {
    const folder = await mkdtemp(join(tmpdir(), "slash64-callgrind-"))
    try {
      const [wrapper, counts] = [join(folder, "dnsmasq"), join(folder, "counts")]
      const valgrind = `valgrind --tool=callgrind --log-file=/dev/null --callgrind-out-file=${counts}`
      await writeFile(wrapper, `#!/bin/sh\nexec ${valgrind} ${program} "$@"\n`, { mode: 0o755 })
      await onRouter(of, wrapper, async (router) => {
        await untilIdle(router)
        for (const { mac, ipv6, hostname } of added)
          await writeFile(join(router.directory, "run/hosts.d", mac), `${mac},[${ipv6}],${hostname}\n`)
        await untilIdle(router)
      })
      return Number(/^totals: (\d+)$/m.exec(await readFile(counts, "utf8"))?.[1])
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }
})

describe("a file of reservations", () => {
  let directory = ""
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "slash64-hosts-"))
  })
  afterAll(() => rm(directory, { recursive: true, force: true }))

  async function check(content: string, program?: string): Promise<string> {
    const file = join(directory, "hosts")
    await writeFile(file, content)
    const daemon = program ?? (await ensureRouterDnsmasq()).program
    return exec(daemon, [`--check-hosts=${file}`]).then(
      ({ stderr }) => stderr,
      (error: { readonly stderr: string }) => error.stderr,
    )
  }

  it.each(goodHosts)("may hold %s", async (line) => {
    expect(await check(`${line}\n`)).toBe("")
  })

  it.each(badHosts)("may not hold %s", async (line) => {
    expect(await check(`${goodHosts[0]}\n${line}\n`)).toContain(`not a reservation: ${line}`)
  })

  it("may not hold an empty line, a line with a zero, or one that is longer than any", async () => {
    for (const line of ["", `${goodHosts[0]}\0,ignore`, `${goodHosts[0]},${"a".repeat(300)}`])
      expect(await check(`${line}\n`)).toContain("not a reservation")
  })

  it("may be empty, and may lack its last line feed", async () => {
    expect(await check("")).toBe("")
    expect(await check(String(goodHosts[0]))).toBe("")
  })

  it("is refused by a dnsmasq that cannot check it", async () => {
    expect(await check(`${goodHosts[0]}\n`, debians)).toContain("bad command line options")
  })
})

/** Of the NIC with this number, 0 to 65,000. */
function nicOf(number: number): Reservation {
  const [high, low] = [number >> 8, number & 255]
  return {
    nicId: `nic-${number}`,
    mac: parseNicMac(
      "mac",
      ["02:64:00:01", ...[high, low].map((byte) => byte.toString(16).padStart(2, "0"))].join(":"),
    ),
    ipv6: parseIpv6Address("ipv6", `2001:db8:64:1::1:${number.toString(16)}`),
    ipv4: parseIpv4Address("ipv4", `10.64.${high + 1}.${low}`),
    hostname: `vm-${number}`,
    isDefault: true,
  }
}

function stateOf(count: number): RouterState {
  const ipv4 = lab.ipv4
  if (ipv4 === undefined) throw new Error("the lab is dual-stack")
  const reservations = Array.from({ length: count }, (_, number) => nicOf(number))
  return { ...lab, ipv4: { ...ipv4, prefix: parseIpv4Prefix("prefix", "10.64.0.0/16") }, reservations }
}

function onlyIpv6(state: RouterState): RouterState {
  const reservations = state.reservations.map(({ nicId, mac, ipv6, hostname, isDefault }) => ({
    nicId,
    mac,
    ...(ipv6 === undefined ? {} : { ipv6 }),
    hostname,
    isDefault,
  }))
  return { ...state, reservations }
}

function lineOf({ mac, ipv6, ipv4, hostname }: Reservation): string {
  return `${mac},[${ipv6}],${ipv4},${hostname}`
}

/** Resolves once dnsmasq has slept for a quarter of a second (proc(5)). */
async function untilIdle(router: NamespaceRouter): Promise<void> {
  const pid = (await readFile(join(router.directory, "run/dnsmasq.pid"), "utf8")).trim()
  for (let idle = 0; idle < 5; await sleep(50)) {
    const state = (await readFile(`/proc/${pid}/stat`, "utf8")).split(") ")[1]?.[0]
    idle = state === "S" ? idle + 1 : 0
  }
}
