import { createHash } from "node:crypto"
import { isSlash64Error, parseIpv4Address, parseIpv6Address, type Reservation, type RouterState } from "@slash64/core"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { HostRenderer, renderHosts } from "./render-hosts.ts"
import { renderRouter } from "./render-router.ts"
import * as states from "./router-states.fixture.ts"

const goldens: Readonly<Record<string, RouterState>> = {
  external: states.external,
  "router-mode": states.routerMode,
  "dual-stack": states.dualStack,
  "ipv4-only": states.ipv4Only,
  "two-nics": states.twoNics,
  "unique-local": states.uniqueLocal,
  "mixed-defaults": states.mixedDefaults,
  withdrawn: { ...states.routerMode, withdrawn: true },
}

describe("renderRouter", () => {
  it.each(Object.entries(goldens))("renders %s as its golden files", async (name, state) => {
    for (const [path, text] of renderRouter(state)) await expect(text).toMatchFileSnapshot(`golden/${name}/${path}`)
  })

  it("gives the same files whatever the order of the reservations", () => {
    const turned = { ...states.twoNics, reservations: states.twoNics.reservations.toReversed() }
    expect(Object.fromEntries(renderRouter(turned))).toEqual(Object.fromEntries(renderRouter(states.twoNics)))
  })

  it("gives the same files whatever the ranges and exclusions: a guest is served what it has reserved", () => {
    const { ipv6, ipv4 } = states.dualStack
    const changed: RouterState = {
      ...states.dualStack,
      ...(ipv6 && {
        ipv6: {
          ...ipv6,
          ranges: [...ipv6.ranges, only6("2001:db8:1:0:8000::")],
          exclusions: [only6("2001:db8:1::10")],
        },
      }),
      ...(ipv4 && {
        ipv4: { ...ipv4, ranges: [only4("10.1.0.9"), ...ipv4.ranges], exclusions: [only4("10.1.0.16")] },
      }),
    }
    expect(changed.ipv6?.ranges).toHaveLength(2)
    expect(Object.fromEntries(renderRouter(changed))).toEqual(Object.fromEntries(renderRouter(states.dualStack)))
  })

  it("changes one line of one file when a NIC is added", () => {
    const before = renderRouter(states.external)
    const nic = states.reservation(0x2001)
    const after = renderRouter({ ...states.external, reservations: [nic, ...states.external.reservations] })
    const changed = [...after].filter(([path, text]) => before.get(path) !== text).map(([path]) => path)
    expect(changed).toEqual(["reservations"])
    const added = "02:00:00:00:20:01,[2001:db8:1::2001],vm-2001\n"
    expect(after.get("reservations")).toBe(`${before.get("reservations")}${added}`)
  })

  it("never names a DUID in a host, so that nobody is served by one that is another's", () => {
    expect(renderRouter(states.twoNics).get("reservations")).not.toMatch(/id:/)
  })

  it("gives the same with what it rendered before as without, whatever came, went or changed", () => {
    const nics = fc.array(fc.tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 0, max: 2 })))
    fc.assert(
      fc.property(fc.array(nics, { maxLength: 5 }), (sets) => {
        const renderer = new HostRenderer()
        for (const set of sets) {
          const state = set.map(([number, name]) => states.reservation(number, { hostname: `vm-${name}` }))
          expect(renderedBy(renderer, state)).toEqual(renderedAfresh(state))
        }
      }),
    )
  })

  it("gives the same with one more, and one more, wherever it stands among the others", () => {
    const orders = fc.uniqueArray(fc.integer({ min: 1, max: 250 }), { minLength: 1, maxLength: 60 })
    fc.assert(
      fc.property(orders, (order) => {
        const renderer = new HostRenderer()
        for (let count = 0; count <= order.length; count++) {
          const numbers = order.slice(0, count).toSorted((one, other) => one - other)
          const state = numbers.map((number) => states.reservation(number))
          expect(renderedBy(renderer, state)).toEqual(renderedAfresh(state))
        }
      }),
      { numRuns: 20 },
    )
  })

  it("gives the same after a state that it refused", () => {
    const [one, two, three] = [1, 2, 3].map((number) => states.reservation(number))
    if (!one || !two || !three) throw new Error("there are three")
    const renderer = new HostRenderer()
    renderer.render([one, two])
    expect(() => renderer.render([one, two, three, { ...three, hostname: "a b" }])).toThrow("hostname")
    expect(renderedBy(renderer, [one, three])).toEqual(renderedAfresh([one, three]))
  })

  it.each(["ignore", "infinite", "IGNORE", "42", "5m", "12h", "3d", "1w"])("leaves the name %s out", (hostname) => {
    const state = { ...states.external, reservations: [states.reservation(0x10, { hostname })] }
    expect(renderRouter(state).get("reservations")).toBe("02:00:00:00:00:10,[2001:db8:1::10]\n")
  })
})

function renderedBy(renderer: HostRenderer, reservations: readonly Reservation[]): object {
  const { lines, sha256, text } = renderer.render(reservations)
  return { lines, sha256, text: text() }
}

/** The same, by none of what a renderer keeps. */
function renderedAfresh(reservations: readonly Reservation[]): object {
  const { lines, text } = renderHosts(reservations)
  return {
    lines,
    sha256: createHash("sha256").update(text()).digest("hex"),
    text: lines.map((line) => `${line}\n`).join(""),
  }
}

describe("a value that could break out of its line", () => {
  const hostile = ["a\ndhcp-script=/bin/sh", "a,b", "a b", "a%00", "../x", "a#b", '"', "", "é", "-a", "a".repeat(64)]
  const nic = states.reservation(0x10)

  it.each(hostile)("is refused in a hostname: %j", (hostname) => {
    expect(refusedField({ ...states.external, reservations: [{ ...nic, hostname }] })).toBe("reservations[0].hostname")
  })

  it.each(hostile)("is refused in a domain: %j", (domain) => {
    expect(refusedField({ ...states.external, domain })).toBe("domain")
  })

  it.each(hostile)("is refused in every address, MAC and DUID: %j", (text) => {
    const [side6, side4] = [states.dualStack.ipv6, states.dualStack.ipv4]
    const broken: Record<string, object> = {
      guestMac: { guestMac: text },
      controlMac: { controlMac: text },
      serverDuid: { serverDuid: text },
      "ipv6.prefix": { ipv6: { ...side6, prefix: text } },
      "ipv6.router": { ipv6: { ...side6, router: text } },
      "ipv6.dns[0]": { ipv6: { ...side6, dns: [text] } },
      "ipv4.prefix": { ipv4: { ...side4, prefix: text } },
      "ipv4.router": { ipv4: { ...side4, router: text } },
      "ipv4.gateway": { ipv4: { ...side4, gateway: text } },
      "ipv4.dns[0]": { ipv4: { ...side4, dns: [text] } },
      "reservations[0].mac": { reservations: [{ ...nic, mac: text }] },
      "reservations[0].ipv6": { reservations: [{ ...nic, ipv6: text }] },
      "reservations[0].ipv4": { reservations: [{ ...nic, ipv4: text }] },
    }
    for (const [field, values] of Object.entries(broken))
      expect(refusedField({ ...states.dualStack, ...values })).toBe(field)
  })

  it.each([
    ["reservations[0].ipv6", "2001:DB8:1::5"],
    ["reservations[0].ipv6", "fe80::1%eth0"],
    ["reservations[0].mac", "02-00-00-00-00-01"],
    ["reservations[0].mac", "03:00:00:00:00:01"],
  ])("is refused in another spelling: %s %s", (field, value) => {
    const key = field.slice(field.indexOf(".") + 1)
    expect(refusedField({ ...states.external, reservations: [{ ...nic, [key]: value }] })).toBe(field)
  })

  it.each([
    ["mtu", 1279],
    ["mtu", Number.NaN],
    ["leaseSeconds", 119],
    ["leaseSeconds", 3600.5],
    ["revision", 0],
  ])("is refused as a number: %s %d", (field, value) => {
    expect(refusedField({ ...states.external, [field]: value })).toBe(field)
  })
})

/** Ranges of one address. */
function only6(text: string) {
  const address = parseIpv6Address("address", text)
  return { start: address, end: address }
}

function only4(text: string) {
  const address = parseIpv4Address("address", text)
  return { start: address, end: address }
}

/** The field that a refusal names. */
function refusedField(state: object): string | undefined {
  try {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a state that its type forbids
    renderRouter(state as RouterState)
  } catch (error) {
    if (isSlash64Error(error) && error.code === "INVALID_ARGUMENT") return error.field
    throw error
  }
  return undefined
}
