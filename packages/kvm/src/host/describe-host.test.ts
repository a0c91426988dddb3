import { describe, expect, it } from "vitest"
import { findingsOf } from "./describe-host.ts"
import type { HostProbe } from "./probe-host.ts"
import { offersKvm } from "./virtualization.ts"

const well: HostProbe = {
  ipv6Disabled: false,
  bridgeFilter: false,
  vlan: true,
  openVswitch: true,
  kvmDevice: true,
  root: { forwardDrops: false, storageWritable: true, storageFreeKiB: 64 * 1024 * 1024 },
}
const root = { forwardDrops: false, storageWritable: true, storageFreeKiB: 64 * 1024 * 1024 }
const state = (probe: Partial<HostProbe>, more = {}) => ({
  probe: { ...well, ...probe },
  kvmOffered: true,
  config: { uri: "qemu:///system" },
  libvirtVersion: "9.0.0",
  qemuVersion: "7.2.22",
  ...more,
})

describe("findings of a host", () => {
  it("are none when all is well", () => {
    expect(findingsOf(state({}))).toEqual([])
  })

  it.each([
    ["error ipv6", state({ ipv6Disabled: true })],
    ["warning 8021q", state({ vlan: false })],
    ["warning root", state({ root: undefined })],
    ["error bridge filter", state({ bridgeFilter: true, root: { ...root, forwardDrops: true } })],
    ["error storage", state({ root: { ...root, storageWritable: false } })],
    ["warning storage", state({ root: { ...root, storageFreeKiB: 100 } })],
    ["warning kvm", state({}, { kvmOffered: false })],
    ["error kvm", state({}, { kvmOffered: false, config: { uri: "qemu:///system", emulation: "kvm" } })],
    ["error qemu", state({}, { qemuVersion: undefined })],
    ["warning libvirt", state({}, { libvirtVersion: "6.4.9" })],
  ])("have one %s", (finding, host) => {
    const found = findingsOf(host)
    expect(found.map(({ severity, subject }) => `${severity} ${subject}`)).toEqual([finding])
    expect(found[0]?.hint).toMatch(/.{10}/)
  })

  it.each([
    ["forwarding drops, but bridged packets do not pass there", state({ root: { ...root, forwardDrops: true } })],
    [
      "no KVM where the configuration wants none",
      state({}, { kvmOffered: false, config: { uri: "x", emulation: "tcg" } }),
    ],
  ])("are none when %s", (_, host) => {
    expect(findingsOf(host)).toEqual([])
  })
})

function capabilities(domains: string): string {
  const other = "<guest><arch name='i686'><domain type='kvm'/></arch></guest>"
  return `<capabilities>${other}<guest><arch name='x86_64'>${domains}</arch></guest></capabilities>`
}

describe("offersKvm", () => {
  it.each([
    [true, "<domain type='qemu'/><domain type='kvm'/>"],
    [false, "<domain type='qemu'/>"],
  ])("is %s for %s", (offered, domains) => {
    expect(offersKvm(capabilities(domains))).toBe(offered)
  })
})
