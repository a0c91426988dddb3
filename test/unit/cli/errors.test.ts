import { rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { startCliLab, web1 } from "../../cli/cli-lab.ts"
import type { CliLab } from "../../cli/cli-lab.ts"

const create = ["network", "create", "red", "--isolated", "--ipv6"]

/** Command line, exit code, error code, field, and a word of the hint. */
const wrong: readonly (readonly [string, readonly string[], number, string, string | undefined, string])[] = [
  ["an unknown command", ["networks"], 2, "INVALID_ARGUMENT", undefined, "--help"],
  ["an unknown option", ["status", "--color"], 2, "INVALID_ARGUMENT", undefined, "--help"],
  ["a missing argument", ["nic", "attach", "blue"], 2, "INVALID_ARGUMENT", undefined, "--help"],
  ["a bad timeout", ["status", "--timeout", "soon"], 2, "INVALID_ARGUMENT", "--timeout", "86400"],
  ["a host without a way to it", ["host", "add", "rack7"], 2, "INVALID_ARGUMENT", "--kvm", "qemu:///system"],
  ["a host of no plugin", ["host", "add", "rack7", "--plugin", "vax"], 12, "UNIMPLEMENTED", "plugin", "memory"],
  ["a host name with a slash", ["host", "add", "../x", "--plugin", "memory"], 2, "INVALID_ARGUMENT", "name", "a-z"],
  [
    "a config that is no JSON",
    ["host", "add", "x", "--plugin", "memory", "--config", "{"],
    2,
    "INVALID_ARGUMENT",
    "--config",
    "object",
  ],
  ["an unknown host", ["host", "check", "rack8"], 5, "NOT_FOUND", "host", "lab"],
  ["an unknown network", ["network", "show", "green"], 5, "NOT_FOUND", "network", "network list"],
  ["a /63", [...create, "2001:db8::/63"], 2, "INVALID_ARGUMENT", "ipv6.prefix", "--ipv6"],
  ["a prefix without gateway", [...create, "fd00::/64"], 2, "INVALID_ARGUMENT", "ipv6.gateway", "--gateway"],
  [
    "a reversed range",
    [...create, "fd00::/64", "--ra", "router", "--range", "fd00::9-fd00::1"],
    2,
    "INVALID_ARGUMENT",
    "ipv6.ranges.0.start",
    "--range",
  ],
  [
    "an exclusion outside the prefix",
    [...create, "fd00::/64", "--ra", "router", "--exclude", "fd00::9", "--exclude", "fd01::9"],
    2,
    "INVALID_ARGUMENT",
    "ipv6.exclusions.1.start",
    "--exclude",
  ],
  [
    "EUI-64 for IPv4 alone",
    ["network", "create", "red", "--isolated", "--ipv4", "192.0.2.0/24", "--ipv4-gateway", "192.0.2.1"].concat([
      "--policy",
      "eui64",
    ]),
    2,
    "INVALID_ARGUMENT",
    "policy",
    "stable",
  ],
  ["a change of nothing", ["network", "change", "blue"], 2, "INVALID_ARGUMENT", "--add-range", "--exclude"],
  [
    "a range added outside the prefix",
    ["network", "change", "blue", "--add-range", "fd01::1-fd01::9"],
    2,
    "INVALID_ARGUMENT",
    "ipv6.addRanges.0.start",
    "--add-range",
  ],
  [
    "an exclusion that is taken back by the same command",
    ["network", "change", "blue", "--exclude", "2001:db8:0:1::9", "--unexclude", "2001:db8:0:1::9"],
    2,
    "INVALID_ARGUMENT",
    "ipv6.unexclude.0",
    "--unexclude",
  ],
  [
    "a change of a network that is not there",
    ["network", "change", "green", "--quarantine", "0"],
    5,
    "NOT_FOUND",
    "network",
    "network list",
  ],
  ["a page of nothing", ["nic", "list", "--limit", "0"], 2, "INVALID_ARGUMENT", "--limit", "10000"],
  ["a page behind what is no id", ["nic", "list", "--after", "a b"], 2, "INVALID_ARGUMENT", "after", ""],
  ["an MTU in words", [...create, "fd00::/64", "--ra", "router", "--mtu", "big"], 2, "INVALID_ARGUMENT", "mtu", "9216"],
  ["two kinds of link", [...create, "fd00::/64", "--bridge", "br0"], 2, "INVALID_ARGUMENT", "attachment", "one of"],
  ["a VLAN without a device", [...create, "fd00::/64", "--vlan", "5"], 2, "INVALID_ARGUMENT", "--uplink", "--uplink"],
  [
    "VLAN 4095",
    ["network", "create", "red", "--ipv6", "fd00::/64", "--ra", "router", "--uplink", "eth1", "--vlan", "4095"],
    2,
    "INVALID_ARGUMENT",
    "attachment.vlan",
    "--vlan",
  ],
  [
    "a name taken",
    ["network", "create", "blue", "--ipv6", "fd00::/64", "--isolated", "--ra", "router"],
    6,
    "ALREADY_EXISTS",
    "ipv6",
    "",
  ],
  ["an unknown VM", ["nic", "attach", "blue", "web9"], 5, "NOT_FOUND", "vm", "host"],
  ["a VM's name that two have", ["nic", "attach", "blue", "twin"], 2, "INVALID_ARGUMENT", "vm", "UUID"],
  ["a malformed MAC", ["nic", "attach", "blue", web1, "--mac", "02:00"], 2, "INVALID_ARGUMENT", "mac", ""],
  [
    "the gateway's address",
    ["nic", "attach", "blue", web1, "--address", "2001:db8:0:1::1"],
    2,
    "INVALID_ARGUMENT",
    "requestedIpv6",
    "free",
  ],
  ["an index in words", ["nic", "attach", "blue", web1, "--index", "-1"], 2, "INVALID_ARGUMENT", "--index", "0"],
  ["a VM that is no UUID", ["nic", "list", "--vm", "web1"], 2, "INVALID_ARGUMENT", "--vm", ""],
  ["an unknown NIC", ["nic", "show", "nobody"], 5, "NOT_FOUND", "nic", "nic list"],
  ["too little memory", ["router", "start", "blue", "--memory", "1"], 2, "INVALID_ARGUMENT", "memoryMiB", ""],
  [
    "a template that is not there",
    ["template", "register", "/nonexistent/manifest.json"],
    5,
    "NOT_FOUND",
    "manifest",
    "template build",
  ],
  ["a build outside a checkout", ["template", "build"], 12, "UNIMPLEMENTED", undefined, "checkout"],
]

describe("errors of the command line", () => {
  let lab: CliLab

  beforeAll(async () => {
    lab = await startCliLab()
    await lab.prepare()
    for (const id of ["00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"]) {
      lab.hypervisor.vms.set(id, { id, name: "twin", running: false, persistent: true })
    }
  })

  afterAll(() => lab.close())

  it.each(wrong)("%s: one JSON document and its exit code", async (_what, args, exitCode, code, field, hint) => {
    const answer = await lab.run([...args, "--json"])
    const { error } = JSON.parse(answer.stdout)
    expect({ exitCode: answer.exitCode, code: error.code, field: error.field }).toEqual({ exitCode, code, field })
    expect(error.hint).toContain(hint)
    expect(answer.stderr).toBe("")
  })

  it.each(wrong)("%s: two lines for a person", async (_what, args, exitCode) => {
    const answer = await lab.run(args)
    expect(answer.exitCode).toBe(exitCode)
    expect(answer.stdout).toBe("")
    expect(answer.stderr).toMatch(/^error: .+\nhint: .+\n$/)
  })

  it("knows a damaged template by its digest", async () => {
    const manifest = lab.writeTemplate()
    writeFileSync(join(lab.folder, "router.qcow2"), "something else")
    expect(await lab.json(["template", "register", manifest], 15)).toMatchObject({ error: { code: "DATA_LOSS" } })
    rmSync(join(lab.folder, "router.qcow2"))
    expect(await lab.json(["template", "register", manifest], 5)).toMatchObject({ error: { field: "template" } })
  })

  it("reads no image outside the manifest's folder", async () => {
    const manifest = join(lab.folder, "far.json")
    const digest = `sha256:${"0".repeat(64)}`
    writeFileSync(manifest, JSON.stringify({ version: "1", digest, file: "../../etc/passwd", format: "raw" }))
    expect(await lab.json(["template", "register", manifest], 2)).toMatchObject({ error: { field: "manifest.file" } })
  })

  it("keeps control characters from the terminal", async () => {
    const { stderr } = await lab.run(["host", "add", "x\u001b[2J", "--plugin", "memory"])
    expect(stderr).not.toContain("\u001b")
  })

  it("shows the help of a group that is called without a command, with exit code 2", async () => {
    const answer = await lab.run(["nic"])
    expect(answer.exitCode).toBe(2)
    expect(answer.stderr).toContain("attach [options] <network> <vm>")
  })
})
