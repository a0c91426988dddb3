import { execFileSync } from "node:child_process"
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { ensureRouterDnsmasq } from "@slash64/tool-systemvm"
import { afterAll, beforeAll, describe, expect, it } from "vitest"

const golden = join(import.meta.dirname, "../../packages/router/src/render/golden")
const cases = readdirSync(golden)

/** Every golden file is given to the program that will read it on the router. */
describe("the golden files of a router", () => {
  let work = ""
  let dnsmasq = ""
  beforeAll(async () => {
    dnsmasq = (await ensureRouterDnsmasq()).program
    work = mkdtempSync(join(tmpdir(), "slash64-golden-"))
  })
  afterAll(() => rmSync(work, { recursive: true, force: true }))

  it.each(cases)("%s: dnsmasq accepts dnsmasq.conf and every host", (name) => {
    mkdirSync(join(work, name), { recursive: true })
    const reservations = readFileSync(join(golden, name, "reservations"), "utf8")
      .trim()
      .split("\n")
    const lines = reservations.map((line) => `dhcp-host=${line}\n`)
    const config = join(work, name, "dnsmasq.conf")
    writeFileSync(config, readFileSync(join(golden, name, "dnsmasq.conf"), "utf8") + lines.join(""))
    expect(run(dnsmasq, "--test", `--conf-file=${config}`)).toContain("syntax check OK")
  })

  it.each(cases)("%s: nft accepts nftables.conf", (name) => {
    const make = "ip link add guest type veth peer name other"
    const script = `${make} && nft -c -f ${join(golden, name, "nftables.conf")}`
    expect(run("unshare", "-n", "sh", "-euc", script)).toBe("")
  })

  it.each(cases)("%s: ip takes network.batch, twice, with the same outcome", (name) => {
    const apply = `ip -batch ${join(golden, name, "network.batch")}`
    const show = "ip -o address show dev guest scope global"
    const make = "ip link add guest type veth peer name other && ip link set other up"
    const script = `${make} && ${apply} && ${show} && echo again && ${apply} && ${show}`
    const [first = "", second = ""] = run("unshare", "-n", "sh", "-euc", script).split("again\n")
    expect(second).toBe(first)
  })

  it.each(cases)("%s: sysctl takes sysctl.conf", (name) => {
    // The neighbour tables' sizes are the whole kernel's, so a network namespace does not have them.
    const lines = readFileSync(join(golden, name, "sysctl.conf"), "utf8").split("\n")
    const own = join(work, `${name}-sysctl.conf`)
    writeFileSync(own, lines.filter((line) => !line.includes("gc_thresh")).join("\n"))
    const make = "ip link add guest type veth peer name other"
    const show = "sysctl -n net.ipv6.conf.all.forwarding net.ipv6.conf.guest.forwarding"
    const script = `${make} && sysctl -q -p ${own} && ${show}`
    expect(run("unshare", "-n", "sh", "-euc", script)).toBe("0\n1\n")
  })
})

function run(program: string, ...args: readonly string[]): string {
  return execFileSync("sh", ["-c", 'exec "$@" 2>&1', "sh", program, ...args], { encoding: "utf8", timeout: 20_000 })
}
