import { expect, it } from "vitest"
import { guestDomainXml } from "./guest-domain.ts"

const guest = {
  uuid: "4dea22b3-1d52-4d3f-8516-782e98ab3fa0",
  name: "slash64-lab-guest",
  lab: "/var/lib/slash64-lab",
  kernel: "/k",
  initramfs: "/i",
  accel: "tcg" as const,
  consoleLog: "/c",
}

it("emulates with a bounded translation cache where KVM was not proven", () => {
  const xml = guestDomainXml(guest)
  expect(xml).toContain('<domain type="qemu">')
  expect(xml).toContain('<tb-cache unit="MiB">32</tb-cache>')
})

it("uses KVM and the host's CPU where it was", () => {
  const xml = guestDomainXml({ ...guest, accel: "kvm" })
  expect(xml).toContain('<domain type="kvm">')
  expect(xml).toContain('<cpu mode="host-passthrough"/>')
  expect(xml).not.toContain("tb-cache")
})

it("escapes what it is given", () => {
  expect(guestDomainXml({ ...guest, lab: `/a"><b a='&` })).toContain(`dir="/a&quot;&gt;&lt;b a='&amp;"`)
})
