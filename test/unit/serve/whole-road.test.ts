import { nicIdFor } from "@slash64/core"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { vmId } from "../roads/road-bench.ts"
import { ApiBench } from "./api-bench.ts"

const blue = { attachment: { kind: "isolated" }, ipv6: { prefix: "2001:db8:0:1::/64", ra: "router" } }
const nic = { network: "blue", host: "h1", vmId }
const nicPath = `/v1/nics/${nicIdFor("blue", vmId, 0)}`

describe("the API from an empty store to an address and back", () => {
  let api: ApiBench

  beforeAll(async () => {
    api = await ApiBench.open()
  })

  afterAll(() => api[Symbol.asyncDispose]())

  it("adds a host, looks at it and finds a VM by its name", async () => {
    const host = { plugin: "memory", config: {} }
    expect((await api.send("PUT", "/v1/hosts/h2", host)).body).toEqual({ name: "h2", ...host })
    expect((await api.send("PUT", "/v1/hosts/h2", { name: "h2", ...host })).status).toBe(200)
    expect((await api.send("GET", "/v1/hosts/h1/description")).body).toMatchObject({ hypervisor: "memory" })
    expect((await api.send("GET", "/v1/hosts/h1/vms?name=web")).body).toEqual({
      vms: [{ id: vmId, name: "web", running: true, persistent: true }],
    })
    expect((await api.send("GET", "/v1/hosts?limit=1")).body).toMatchObject({ hosts: [{ name: "h1" }], next: "h1" })
    expect((await api.send("GET", "/v1/hosts?after=h1")).body).toEqual({ hosts: [{ name: "h2", ...host }] })
  })

  it("refuses a host with a secret in its configuration, or of a plugin that is not there", async () => {
    const secret = await api.refused("PUT", "/v1/hosts/h3", { plugin: "memory", config: { password: "hunter22" } })
    expect(secret).toMatchObject({ status: 400, field: "config.password", value: "(not shown)" })
    expect(JSON.stringify(secret)).not.toContain("hunter22")
    const plugin = await api.refused("PUT", "/v1/hosts/h3", { plugin: "vmware", config: {} })
    expect(plugin).toMatchObject({ status: 501, code: "UNIMPLEMENTED", field: "plugin" })
  })

  it("makes a network, and the same answer when it is asked for again, also as it was read", async () => {
    const made = await api.send("PUT", "/v1/networks/blue", blue)
    expect(made).toMatchObject({ status: 200, body: { id: "blue", ipv6: { gateway: "2001:db8:0:1::1" } } })
    expect((await api.send("PUT", "/v1/networks/blue", blue)).body).toEqual(made.body)
    const read = (await api.send("GET", "/v1/networks/blue")).body
    expect((await api.send("PUT", "/v1/networks/blue", read)).body).toEqual(made.body)
    expect(await api.refused("PUT", "/v1/networks/blue", { ...blue, mtu: 9000 })).toMatchObject({
      status: 409,
      code: "ALREADY_EXISTS",
      field: "mtu",
    })
    expect(await api.refused("PUT", "/v1/networks/blue", { ...blue, id: "red" })).toMatchObject({
      status: 400,
      field: "id",
    })
  })

  it("refuses a NIC before there is a router, in the operation", async () => {
    expect(await api.run("PUT", nicPath, nic)).toMatchObject({
      state: "failed",
      error: { code: "FAILED_PRECONDITION", status: 409 },
    })
  })

  it("starts the router, the same again", async () => {
    const started = await api.run("PUT", "/v1/networks/blue/router", { host: "h1" })
    expect(started).toMatchObject({ kind: "startRouter", state: "succeeded", result: { router: { state: "running" } } })
    const again = await api.run("PUT", "/v1/networks/blue/router", { host: "h1" })
    expect(again.result).toMatchObject({ router: Reflect.get(Object(started.result), "router") })
    expect((await api.send("GET", "/v1/networks/blue/router/status")).body).toMatchObject({ drifted: [] })
    expect((await api.send("GET", "/v1/routers")).body).toMatchObject({ routers: [{ networkId: "blue" }] })
  })

  it("attaches a NIC, the same again", async () => {
    const made = await api.run("PUT", nicPath, nic)
    expect(made).toMatchObject({
      state: "succeeded",
      result: { nic: { state: "attached", vmId }, port: { live: true } },
    })
    const again = await api.run("PUT", nicPath, nic)
    expect(again.result).toMatchObject({ nic: Reflect.get(Object(made.result), "nic") })
    expect(again.id > made.id).toBe(true)
    expect((await api.send("GET", "/v1/nics?network=blue")).body).toMatchObject({ nics: [{ vmId }] })
    expect((await api.send("GET", `/v1/nics?vm=${vmId.toUpperCase()}`)).body).toMatchObject({ nics: [{ vmId }] })
    expect((await api.send("GET", `${nicPath}/observed`)).body).toMatchObject({
      nic: { id: nicPath.split("/")[3] },
      port: { live: true },
    })
    expect((await api.send("GET", "/v1/networks/blue/counts")).body).toMatchObject({ ipv6: { held: "1" } })
  })

  it("says what is wrong with networks, hosts and NICs, and with what a guest is set up", async () => {
    const network = (await api.send("GET", "/v1/networks/blue/status")).body
    expect(network).toMatchObject({ nics: 1, counts: { ipv6: { held: "1" } }, routerStatus: {}, problems: [] })
    expect((await api.send("GET", "/v1/status?limit=1")).body).toEqual({ networks: [network] })
    expect((await api.send("GET", "/v1/status/hosts")).body).toMatchObject({ hosts: [{ name: "h1" }, { name: "h2" }] })
    const address = "2001:db8:0:1::bad"
    api.roads.world.observed.set(nicPath.split("/")[3] ?? "", [address])
    const { problems } = Object((await api.send("GET", `${nicPath}/observed`)).body)
    expect(problems).toContainEqual({ isWrong: true, text: expect.stringContaining(`${address} is not this NIC's`) })
    expect((await api.send("GET", `${nicPath}/guest-config?client=interfaces&device=ens3`)).body).toMatchObject({
      client: "interfaces",
      files: [{ text: expect.stringContaining("ens3") }],
    })
    expect(await api.refused("GET", `${nicPath}/guest-config?client=none`)).toMatchObject({ field: "client" })
    expect(await api.refused("GET", `${nicPath}/guest-config`)).toMatchObject({ status: 400, field: "client" })
    for (const _ of [1, 2])
      expect((await api.run("POST", `${nicPath}/default`)).result).toMatchObject({ converged: ["blue"] })
  })

  it("changes the network in use", async () => {
    const address: unknown = Object((await api.send("GET", nicPath)).body).ipv6
    const changed = await api.run("PATCH", "/v1/networks/blue", { ipv6: { exclude: [address] }, quarantineSeconds: 0 })
    expect(changed.result).toMatchObject({ network: { quarantineSeconds: 0 }, keeping: [{ ipv6: address }], push: {} })
    expect((await api.run("POST", "/v1/networks/blue/router/converge")).result).toMatchObject({ changedFiles: 0 })
  })

  it("adds IPv4 to the network in use, and refuses another", async () => {
    const ipv4 = { prefix: "192.0.2.0/24" }
    const added = await api.run("PATCH", "/v1/networks/blue", { ipv4 })
    expect(added.result).toMatchObject({ network: { ipv4: { router: "192.0.2.1" } }, push: {}, problems: [] })
    expect((await api.send("GET", nicPath)).body).toMatchObject({ ipv4: expect.stringMatching(/^192\.0\.2\./) })
    expect((await api.run("PATCH", "/v1/networks/blue", { ipv4 })).result).toMatchObject({ push: { changedFiles: 0 } })
    expect(await api.send("PATCH", "/v1/networks/blue", { ipv4: { prefix: "198.51.100.0/24" } })).toMatchObject({
      status: 409,
      body: { code: "ALREADY_EXISTS", field: "ipv4.prefix" },
    })
  })

  it("refuses what is in use, detaches, removes, and once more", async () => {
    expect(await api.run("DELETE", "/v1/networks/blue")).toMatchObject({ error: { code: "FAILED_PRECONDITION" } })
    expect(await api.run("DELETE", "/v1/networks/blue/router")).toMatchObject({
      error: { code: "FAILED_PRECONDITION" },
    })
    expect((await api.run("DELETE", nicPath)).result).toMatchObject({ nic: { state: "leaving" } })
    expect((await api.run("DELETE", nicPath)).result).toEqual({})
    expect(await api.refused("GET", nicPath)).toMatchObject({ status: 404, code: "NOT_FOUND", field: "nic" })
    expect((await api.run("DELETE", "/v1/networks/blue/router?force=true")).result).toMatchObject({
      router: { networkId: "blue" },
    })
    expect((await api.run("DELETE", "/v1/networks/blue")).result).toMatchObject({ network: { id: "blue" } })
    expect((await api.run("DELETE", "/v1/networks/blue")).result).toEqual({})
    expect(api.roads.world.networks.size + api.roads.world.routers.size + api.roads.world.nics.size).toBe(0)
  })

  it("forgets a host and a template, once more too, and none that is needed", async () => {
    const digest = `sha256:${"a".repeat(64)}`
    for (const used of await api.rooms.store.listTemplates()) await api.rooms.store.putTemplate({ ...used, digest })
    for (const answer of [{ template: { digest } }, {}])
      expect((await api.send("DELETE", `/v1/templates/${digest}`)).body).toMatchObject(answer)
    for (const answer of [{ host: { name: "h2" } }, {}])
      expect((await api.send("DELETE", "/v1/hosts/h2")).body).toMatchObject(answer)
    await api.send("PUT", "/v1/networks/blue", blue)
    await api.run("PUT", "/v1/networks/blue/router", { host: "h1" })
    const router = await api.rooms.store.findRouter("blue")
    for (const path of ["hosts/h1", `templates/${router?.templateDigest}`])
      expect(await api.refused("DELETE", `/v1/${path}`)).toMatchObject({ status: 409, code: "FAILED_PRECONDITION" })
    await api.run("DELETE", "/v1/networks/blue")
  })

  it("registers a template that is whole, and no other", async () => {
    const [template] = Object((await api.send("GET", "/v1/templates")).body).templates
    const { registeredAt: _at, ...request } = template
    expect((await api.run("PUT", `/v1/templates/${template.digest}`, request)).result).toMatchObject(request)
    const other = `sha256:${"0".repeat(64)}`
    const { digest: _digest, ...file } = request
    expect(await api.run("PUT", `/v1/templates/${other}`, file)).toMatchObject({
      error: { code: "DATA_LOSS", field: "digest" },
    })
    expect(await api.refused("GET", `/v1/templates/${other}`)).toMatchObject({ status: 404 })
    expect(await api.refused("PUT", `/v1/templates/${other}`, { ...file, file: "relative" })).toMatchObject({
      status: 400,
      field: "file",
    })
  })
})
