import { execFileSync } from "node:child_process"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { setTimeout as delay } from "node:timers/promises"
import { nicIdFor } from "@slash64/core"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { readLook } from "../browser/page-look.ts"
import { startChromium } from "../browser/chromium.ts"
import type { Chromium } from "../browser/chromium.ts"
import { startCliLab, web1 } from "../cli/cli-lab.ts"
import type { CliAnswer, CliLab } from "../cli/cli-lab.ts"

const db1 = "b0a7c6de-52f1-4c1c-8a55-6b1f0c2d0002"
const token = "a-token-that-is-long-enough-for-it"
/** What a guest makes of an RA with the A flag, and not what its NIC was given. */
const ownAddress = "2001:db8:0:1:5054:ff:fe12:3456"
const screenshot = join(import.meta.dirname, "../../docs/page.png")

describe("the page in Chromium", () => {
  let lab: CliLab
  let chromium: Chromium
  let ended: Promise<CliAnswer> | undefined
  let origin: string
  const interrupt = new AbortController()

  beforeAll(async () => {
    lab = await startCliLab()
    lab.hypervisor.vms.set(db1, { id: db1, name: "db1", running: true, persistent: true })
    await lab.prepare()
    const red = ["--ipv6", "2001:db8:0:2::/64", "--gateway", "2001:db8:0:2::1", "--vlan", "200", "--uplink", "eth1"]
    await lab.json(["network", "create", "red", ...red])
    for (const vm of ["web1", "db1"]) await lab.json(["nic", "attach", "blue", vm, "--hostname", vm])
    for (const vmId of [web1, db1]) {
      const id = nicIdFor("blue", vmId, 0)
      const nic = Object(await lab.json(["nic", "show", id])).nic
      const expiresAt = Math.trunc(Date.now() / 1000) + 3600
      lab.router.leases.push({ address: nic.ipv6, client: nic.duid, mac: nic.mac, expiresAt })
      lab.hypervisor.observed.set(id, [vmId === web1 ? ownAddress : nic.ipv6, "fe80::5054:ff:fe12:3456"])
    }
    origin = await serve()
    chromium = await startChromium()
  })

  afterAll(async () => {
    await chromium?.close()
    interrupt.abort()
    await ended
    await lab.close()
  })

  it("shows nothing to who has not the token", async () => {
    const { tab } = chromium
    await tab.open(`https://${origin}/`)
    expect(await tab.evaluate("document.body.innerText")).not.toContain("blue")
    await tab.open(`https://reader:${token}@${origin}/`)
    expect(await tab.evaluate("document.title")).toBe("slash64")
  })

  it("shows a NIC whose guest has another address than it was given, with the reason; the picture is docs/page.png", async () => {
    const { tab } = chromium
    const row = `document.getElementById("nic-${nicIdFor("blue", web1, 0)}").closest("tr")`
    const [name, network, vm, assigned, leased, observed, state, remarks] = Object(
      await tab.evaluate(`[...${row}.cells].map((cell) => cell.innerText)`),
    )
    expect([name, network, vm]).toEqual([expect.stringMatching("^web1"), "blue", expect.stringContaining(web1)])
    expect(assigned).toMatch(/^2001:db8:0:1:/)
    expect(leased).toContain(assigned)
    expect(observed).toBe(`${ownAddress} not assigned\nfe80::5054:ff:fe12:3456 link-local`)
    expect(observed).not.toContain(assigned)
    expect(state).toBe("attached\nplugged live")
    expect(remarks).toContain(`${assigned} is leased, and the guest does not show it`)
    expect(await tab.evaluate(`document.getElementById("problems").innerText`)).toBe("What is wrong (1)")
    const picture = await tab.screenshot()
    expect(picture.subarray(1, 4).toString()).toBe("PNG")
    expect(picture.readUInt32BE(16)).toBe(1280)
    if (process.env["SLASH64_UPDATE_PICTURES"] === "1") writeFileSync(screenshot, picture)
  })

  it("needs nothing but its own text, and breaks no policy of its own", async () => {
    const { tab, complaints } = chromium
    await tab.open(`https://${origin}/`)
    expect(await tab.evaluate(`performance.getEntriesByType("resource").map(({ name }) => name)`)).toEqual([])
    expect(await tab.evaluate(`getComputedStyle(document.querySelector("table")).borderCollapse`)).toBe("collapse")
    expect(complaints.filter((text) => !text.includes("401"))).toEqual([])
  })

  it.each(["/", "/networks/blue", "/nics"])(
    "%s has a caption for each table and headings in their order",
    async (path) => {
      const { tab } = chromium
      await tab.open(`https://${origin}${path}`)
      const look = await readLook(tab)
      expect(look.tables.length).toBeGreaterThan(0)
      for (const { caption, headless, unscoped } of look.tables)
        expect({ caption, headless, unscoped }).toEqual({
          caption: expect.stringMatching(/\w/),
          headless: 0,
          unscoped: 0,
        })
      expect(look.headings[0]).toBe(1)
      expect(look.headings.filter((level, at) => level > (look.headings[at - 1] ?? 0) + 1)).toEqual([])
      expect(look.headings.filter((level) => level === 1)).toHaveLength(1)
      expect(look).toMatchObject({ language: "en", landmarks: ["header", "nav", "main"], twiceIds: [], deadLinks: [] })
    },
  )

  it.each(["light", "dark"])("can be read in a %s colour scheme", async (value) => {
    const { tab } = chromium
    await tab.send("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value }] })
    await tab.open(`https://${origin}/`)
    const { contrasts, paper } = await readLook(tab)
    expect(contrasts.length).toBeGreaterThan(50)
    expect(contrasts.filter(({ ratio }) => ratio < 4.5)).toEqual([])
    expect(paper > 128).toBe(value === "light")
    await tab.send("Emulation.setEmulatedMedia", { features: [] })
  })

  it.each([640, 320])(
    "at %i pixels, as 1280 are at 200 or 400 percent, moves in no direction but down",
    async (width) => {
      const { tab } = chromium
      await tab.send("Emulation.setDeviceMetricsOverride", { width, height: 900, deviceScaleFactor: 1, mobile: false })
      await tab.open(`https://${origin}/`)
      expect(await tab.evaluate("document.documentElement.scrollWidth")).toBe(width)
      await tab.send("Emulation.clearDeviceMetricsOverride")
    },
  )

  it("is reached by the keyboard alone, from the skip link on, and shows where the focus is", async () => {
    const { tab } = chromium
    await tab.open(`https://${origin}/`)
    await tab.press("Tab")
    expect(await tab.evaluate(focused)).toMatchObject({ text: "To the content", isSeen: true, hasOutline: true })
    await tab.press("Enter")
    expect(await tab.evaluate("document.activeElement.id")).toBe("main")
    await tab.open(`https://${origin}/`)
    const wanted = Number(await tab.evaluate(`document.querySelectorAll("a[href], [tabindex='0']").length`))
    expect(wanted).toBeGreaterThan(10)
    for (let at = 0; at < wanted; at += 1) {
      await tab.press("Tab")
      expect(await tab.evaluate(focused)).toMatchObject({ index: at, isSeen: true, hasOutline: true })
    }
  })

  it("leads to a network, and runs nothing of what a guest tells", async () => {
    const { tab } = chromium
    const evil = `<img src=x onerror="document.title='run'"><script>document.title='run'`
    lab.hypervisor.observed.set(nicIdFor("blue", web1, 0), [evil])
    // For some seconds a page shows what was seen for the one before.
    do await tab.open(`https://${origin}/networks/blue`)
    while (
      !String(await tab.evaluate(`document.getElementById("nic-table").closest("table").innerText`)).includes(evil)
    )
    expect(await tab.evaluate("document.title")).toBe("slash64: network blue")
    expect(await tab.evaluate("document.images.length + document.scripts.length")).toBe(0)
  })

  /** Serves on TCP; gives where. */
  async function serve(): Promise<string> {
    const [cert = "", key = "", file = ""] = ["cert.pem", "key.pem", "token"].map((name) => join(lab.folder, name))
    const ec = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost"
    execFileSync("openssl", [...ec.split(" "), "-keyout", key, "-out", cert], { stdio: "ignore" })
    writeFileSync(file, token)
    const parts: string[] = []
    const tls = ["--tls-cert", cert, "--tls-key", key, "--token", `file:${file}`]
    ended = lab.run(["serve", "--every", "0", "--listen", "127.0.0.1:0", ...tls], {
      signal: interrupt.signal,
      onStderr: (text) => parts.push(text),
    })
    for (;;) {
      const port = /"port":(\d+)/.exec(parts.join(""))?.[1]
      if (port !== undefined) return `127.0.0.1:${port}`
      await Promise.race([delay(50), ended.then(({ stderr }) => Promise.reject(new Error(stderr)))])
    }
  }
})

/** What has the focus, and whether it can be seen that it has. */
const focused = `(() => {
  const all = [...document.querySelectorAll("a[href], [tabindex='0']")]
  const one = document.activeElement
  const { left, right, top, bottom } = one.getBoundingClientRect()
  return {
    text: one.innerText,
    index: all.indexOf(one),
    isSeen: right > 0 && left < innerWidth && bottom > 0 && top < innerHeight,
    hasOutline: getComputedStyle(one).outlineStyle !== "none",
  }
})()`
