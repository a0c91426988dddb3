import { Slash64Error, nicIdFor } from "@slash64/core"
import { beforeEach, describe, expect, it } from "vitest"
import { nicRequest, routerId, vmId } from "../roads/road-bench.ts"
import { everyRoad } from "../roads/every-road.ts"
import { ApiBench } from "./api-bench.ts"

const token = "t".repeat(40)
const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString("base64")}` })
const strange = "2001:db8:64::bad"

describe("a page", () => {
  let api: ApiBench

  beforeEach(async () => {
    api = await ApiBench.open()
    for (const name of ["create-network", "start-router", "attach-nic"] as const) await everyRoad[name](api.rooms)
    return () => api[Symbol.asyncDispose]()
  })

  it("shows a NIC's assigned address beside its lease and what the guest shows, and says what is wrong", async () => {
    const nic = await api.rooms.store.findNic(nicRequest.id)
    api.roads.world.observed.set(nicRequest.id, [strange, "fe80::1%eth0"])
    api.roads.routers.ask(routerId, nic?.mac ?? "")
    const page = await read("/")
    const row = cells(page, "nic-table", nicRequest.id)
    expect(row[3]).toBe(nic?.ipv6)
    expect(row[4]).toMatch(`${nic?.ipv6} until `)
    expect(row[5]).toBe(`${strange} not assigned fe80::1 link-local`)
    expect(row[6]).toBe("attached plugged live")
    expect(row[7]).toContain("is leased, and the guest does not show it")
    expect(page).toContain("What is wrong (1)")
    expect(cells(page, "problem-table", nicRequest.id)[1]).toContain(String(nic?.ipv6))
  })

  it("shows networks with their capacity, routers with version and generation, and hosts", async () => {
    const nic = await api.rooms.store.findNic(nicRequest.id)
    api.roads.world.observed.set(nicRequest.id, [String(nic?.ipv6)])
    api.roads.routers.ask(routerId, nic?.mac ?? "")
    const page = await read("/")
    expect(cells(page, "network-table", "lab")).toEqual([
      "lab",
      "2001:db8:64::/64",
      "isolated",
      "1",
      "almost 2^64",
      "1",
      "0",
      "almost 2^64",
      "ok",
    ])
    expect(cells(page, "router-table", "lab")).toMatchObject([
      "lab",
      "h1",
      "running",
      "memory",
      "2",
      "3 of 3",
      "sshd running dnsmasq running",
      "1",
    ])
    expect(cells(page, "host-table", "h1").slice(0, 3)).toEqual(["h1", "memory", "memory 1.0"])
    expect(page).toContain("Nothing is wrong")
    expect(cells(await read("/networks/lab"), "nic-table", nicRequest.id)[1]).toBe("lab")
  })

  it("says what to do about a host and a router that do not answer, and shows what is known", async () => {
    api.roads.world.intercept = ({ verb }) => {
      if (verb === "describeHost" || verb === "openRouterStream")
        throw new Slash64Error("UNAVAILABLE", `the <b>${verb}</b> failed`, { hint: "Plug it in & wait." })
    }
    Object.assign(Object(api.roads.world.routers.get(routerId)), { running: false })
    const page = await read("/")
    expect(page).toContain("the &lt;b&gt;describeHost&lt;/b&gt; failed")
    expect(page).toContain("Plug it in &amp; wait.")
    expect(cells(page, "router-table", "lab")[2]).toBe("does not answer")
    expect(cells(page, "problem-table", "host h1")).toHaveLength(3)
    expect(cells(page, "nic-table", nicRequest.id)[4]).toBe("not known")
  })

  it("shows what a guest or a path says as text, however it is written", async () => {
    const evil = `<script>alert(1)</script>"'&\u202e\u0007`
    api.roads.world.observed.set(nicRequest.id, [
      evil,
      ...Array.from({ length: 5000 }, (_, at) => `x${at}`.repeat(500)),
    ])
    for (const path of ["/", "/nics", "/networks/lab", `/networks/${encodeURIComponent(evil)}`]) {
      const page = await (await api.raw("GET", path)).text()
      for (const raw of ["<script", "\u202e", "\u0007"]) expect(page, path).not.toContain(raw)
      expect(page, path).toContain("&lt;script&gt;")
      expect(page.length, path).toBeLessThan(100_000)
    }
    expect(await read("/")).toMatch(/and 4985 more[^]*and 4998 more/)
  })

  it("loads, runs, sends and frames nothing, and links within itself alone", async () => {
    for (const path of ["/", "/nics", "/networks/lab", "/networks/nope"]) {
      const answer = await api.raw("GET", path)
      expect(answer.headers.get("content-security-policy")).toMatch(
        /^default-src 'none'; style-src 'sha256-[\w+/]{43}='; base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/,
      )
      expect(answer.headers.get("content-type")).toContain("text/html")
      expect(answer.headers.get("cache-control")).toBe("no-store")
      const page = await answer.text()
      expect(page).not.toMatch(/<(script|link|img|iframe|form|object)|\s(src|style|on\w+)=/i)
      const links = [...page.matchAll(/href="([^"]*)"/g)].map(([, href = ""]) => href)
      expect(links.filter((href) => !/^[/#](?!\/)/.test(href))).toEqual([])
    }
  })

  it("lists many NICs by page", async () => {
    const ids: string[] = []
    for (let index = 1; index < 60; index += 1) {
      const id = nicIdFor("lab", vmId, index)
      await api.rooms.store.claimNic({ id, networkId: "lab", host: "h1", vmId, hostname: `web-${index}` })
      ids.push(id)
    }
    const all = [nicRequest.id, ...ids].toSorted()
    for (const path of ["/nics", "/networks/lab"]) {
      const first = await read(path)
      const next = /href="([^"]*\?after=[^"]*)">More NICs/.exec(first)?.[1] ?? ""
      const second = await read(next)
      expect([...idsIn(first), ...idsIn(second)]).toEqual(all)
      expect(idsIn(first)).toHaveLength(50)
      expect(second).not.toContain("More NICs")
    }
    expect(await read("/")).toContain(`href="/nics?after=${all[49]}"`)
  })

  it("is loaded anew only when its reader asks for that", async () => {
    expect(await read("/")).not.toContain("http-equiv")
    const page = await read("/nics?after=a&refresh=30")
    expect(page).toContain('<meta http-equiv="refresh" content="30"')
    expect(page).toContain('<a href="/nics?after=a">Stop that</a>')
    for (const query of ["refresh=1", "refresh=x", "refresh=30&refresh=31", "nope=1", "after=a%20b"])
      expect((await api.raw("GET", `/nics?${query}`)).status, query).toBe(400)
  })

  it("is one look for all who ask at once", async () => {
    let asked = 0
    api.roads.world.intercept = ({ verb, phase }) => {
      if (verb === "describeHost" && phase === "before") asked += 1
    }
    await Promise.all(Array.from({ length: 20 }, () => read("/")))
    expect(asked).toBe(1)
  })

  it("is for looking alone", async () => {
    const answer = await api.raw("POST", "/")
    expect(answer.status).toBe(405)
    expect(answer.headers.get("allow")).toBe("HEAD, GET")
    expect((await api.raw("HEAD", "/")).status).toBe(200)
  })

  async function read(path: string): Promise<string> {
    const answer = await api.raw("GET", path)
    const text = await answer.text()
    expect(answer.status, text).toBe(200)
    return text
  }
})

describe("a page over TCP", () => {
  it("asks the browser for the token, and takes it as a password for pages alone", async () => {
    await using api = await ApiBench.open({ token })
    for (const headers of [{}, basic(`x:${token}x`), basic(token), basic(`${token}:`), { authorization: "Basic ,:" }]) {
      const answer = await api.raw("GET", "/", { headers })
      expect(answer.status).toBe(401)
      expect(answer.headers.get("www-authenticate")).toBe('Basic realm="slash64"')
      expect(answer.headers.get("content-security-policy")).toContain("default-src 'none'")
      expect(await answer.text()).toContain("as the password")
    }
    for (const name of ["", "anybody"])
      expect((await api.raw("GET", "/", { headers: basic(`${name}:${token}`) })).status).toBe(200)
    expect((await api.raw("GET", "/", { headers: { authorization: `Bearer ${token}` } })).status).toBe(200)
    for (const path of ["/v1/networks", "/metrics", "/openapi.json"])
      expect((await api.raw("GET", path, { headers: basic(`x:${token}`) })).status, path).toBe(401)
  })
})

describe("a browser that another site's page sends", () => {
  it("is refused, unless it follows a link to a page", async () => {
    await using api = await ApiBench.open()
    for (const site of ["cross-site", "same-site"]) {
      expect((await api.raw("POST", "/v1/networks/lab/router/converge", from(site, "no-cors"))).status).toBe(403)
      expect((await api.raw("GET", "/v1/networks", from(site, "navigate"))).status).toBe(403)
      expect((await api.raw("GET", "/", from(site, "no-cors"))).status).toBe(403)
      expect((await api.raw("GET", "/", from(site, "navigate"))).status).toBe(200)
    }
    expect((await api.raw("GET", "/v1/networks", from("same-origin", "cors"))).status).toBe(200)
    expect((await api.raw("GET", "/", from("none", "navigate"))).status).toBe(200)
  })
})

/** What a browser says of who made it send a request. */
function from(site: string, mode: string): RequestInit {
  const dest = mode === "navigate" ? "document" : "empty"
  return { headers: { "sec-fetch-site": site, "sec-fetch-mode": mode, "sec-fetch-dest": dest } }
}

/** The text of each cell of the row in which `word` stands. */
function cells(page: string, table: string, word: string): readonly string[] {
  const after = page.slice(page.indexOf(`<caption id="${table}"`))
  const rows = after.slice(0, after.indexOf("</table>")).split("<tr>").slice(2)
  const row = rows.find((one) => one.includes(word)) ?? ""
  return row
    .split(/<t[hd][^>]*>/)
    .slice(1)
    .map((cell) =>
      cell
        .replaceAll(/<[^>]*>/g, " ")
        .replaceAll(/\s+/g, " ")
        .trim(),
    )
}

function idsIn(page: string): readonly string[] {
  return [...page.matchAll(/id="nic-([\da-f-]{36})"/g)].map(([, id = ""]) => id)
}
