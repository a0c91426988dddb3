import { guestClients } from "@slash64/core"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { startCliLab } from "../../cli/cli-lab.ts"
import type { CliLab } from "../../cli/cli-lab.ts"

describe("slash64 guest-config", () => {
  let lab: CliLab
  let nic: { readonly id: string; readonly mac: string }

  beforeAll(async () => {
    lab = await startCliLab()
    await lab.prepare()
    nic = Reflect.get(Object(await lab.json(["nic", "attach", "blue", "web1"])), "nic")
  })

  afterAll(() => lab.close())

  it.each(guestClients.map(({ client }) => client))("has a set-up for %s that names the NIC", async (client) => {
    const answer = await lab.json(["guest-config", nic.id, "--for", client])
    expect(answer).toMatchObject({ guestConfig: { client } })
    const { stdout } = await lab.run(["guest-config", nic.id, "--for", client])
    expect(stdout).toContain(`slash64: NIC ${nic.id} on network blue, the VM's default`)
  })

  it("is told the guest's own name of the NIC", async () => {
    const { stdout } = await lab.run(["guest-config", nic.id, "--for", "interfaces", "--device", "ens3"])
    expect(stdout).toContain("iface ens3 inet6 dhcp\n")
    expect(stdout).not.toContain("inet dhcp")
  })

  it("refuses a client, a device and a NIC that it does not know", async () => {
    const wrong = await lab.json(["guest-config", nic.id, "--for", "networkx"], 2)
    expect(wrong).toMatchObject({ error: { field: "client", hint: expect.stringContaining("networkd") } })
    expect(await lab.json(["guest-config", nic.id, "--for", "networkd", "--device", "all"], 2)).toMatchObject({
      error: { field: "device" },
    })
    expect(await lab.json(["guest-config", "nobody", "--for", "networkd"], 5)).toMatchObject({
      error: { field: "nic" },
    })
  })
})
