import { nicIdFor } from "@slash64/core"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { startCliLab, web1 } from "../../cli/cli-lab.ts"
import type { CliLab } from "../../cli/cli-lab.ts"

const change = (...options: string[]) => ["network", "change", "blue", ...options]
const six = ["--ipv6", "2001:db8:0:1::/64", "--ra", "router", "--range", "2001:db8:0:1::100-2001:db8:0:1::1ff"]

describe("slash64 network change with a family that the network has not", () => {
  let lab: CliLab

  beforeAll(async () => {
    lab = await startCliLab()
    await lab.json(["host", "add", "lab", "--plugin", "memory"])
    await lab.json("network create blue --ipv4 192.0.2.0/24 --ipv4-gateway 192.0.2.1 --isolated".split(" "))
    await lab.json(["template", "register", lab.writeTemplate()])
    await lab.json(["router", "start", "blue"])
    await lab.json(["nic", "attach", "blue", "web1"])
  })

  afterAll(() => lab.close())

  it("adds IPv6 with the options of create, and tells the router; once more: nothing", async () => {
    const before = await lab.json(["nic", "list"])
    const added = await lab.json(change(...six, "--exclude", "2001:db8:0:1::180"))
    expect(added).toMatchObject({
      network: {
        ipv6: { gateway: "2001:db8:0:1::1", ra: "router", exclusions: [{ start: "2001:db8:0:1::180" }] },
        ipv4: { prefix: "192.0.2.0/24" },
      },
      keeping: [],
      problems: [],
    })
    expect(await lab.json(["nic", "list"])).toMatchObject(Object(before))
    expect(lab.router.reservations).toEqual([
      expect.stringMatching(/192\.0\.2\.\d+.*2001:db8:0:1::1|2001:db8:0:1::1.*192\./),
    ])
    const again = await lab.json(change(...six, "--exclude", "2001:db8:0:1::180"))
    expect(again).toMatchObject({ network: Reflect.get(Object(added), "network"), push: { changedFiles: 0 } })
    expect(await lab.json(["plan"])).toEqual({ steps: [], problems: [], outdated: [] })
  })

  it("shows both families", async () => {
    const { stdout } = await lab.run(["network", "show", "blue"])
    expect(stdout).toMatch(/^ipv6 +2001:db8:0:1::\/64 gateway 2001:db8:0:1::1 router 2001:db8:0:1::1 ra router$/m)
    expect(stdout).toMatch(/^ipv6 addresses +255 in all: 1 held/m)
    expect(stdout).toMatch(/^ipv4 addresses +252 in all: 1 held/m)
    const nic = (await lab.run(["nic", "list", "--vm", web1])).stdout
    expect(nic).toMatch(/2001:db8:0:1::1\w\w/)
    expect(nic).toMatch(/192\.0\.2\./)
    const guest = (await lab.run(["guest-config", nicIdFor("blue", web1, 0), "--for", "ifcfg"])).stdout
    expect(guest).toContain("DHCPV6C=yes")
  })

  it.each([
    [["--ipv6", "2001:db8:0:2::/64", "--ra", "router"], 6, "ipv6.prefix", "--ipv6: "],
    [
      ["--ipv6", "2001:db8:0:1::/64", "--ra", "router", "--add-range", "2001:db8:0:1::900"],
      2,
      "ipv6.addRanges",
      "--add-range: ",
    ],
    [["--ipv4", "198.51.100.0/24", "--ipv4-gateway", "198.51.100.1"], 6, "ipv4.prefix", "--ipv4: "],
    [["--pool", "edge"], 2, "ipv6.gateway", "--gateway: "],
  ])("refuses %j by its option", async (options, exitCode, field, hint) => {
    expect(await lab.json(change(...options), exitCode)).toMatchObject({
      error: { field, hint: expect.stringContaining(hint) },
    })
  })
})
