import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, expect, it } from "vitest"
import { labHome } from "./lab-home.ts"
import type { LabHome } from "./lab-home.ts"
import { checkChoices, openRecord, readRecord, writeRecord } from "./lab-record.ts"

const choices = { network: "isolated", via: "local", privateLibvirtd: false, xenserver: false } as const
let home: LabHome
beforeEach(() => {
  home = labHome(mkdtempSync(join(tmpdir(), "slash64-record-")))
})
afterEach(() => {
  rmSync(home.dir, { recursive: true, force: true })
})

it("is absent before the first up, and then says what was asked", async () => {
  expect(await readRecord(home)).toBeUndefined()
  await openRecord(home, choices)
  expect(await readRecord(home)).toEqual(choices)
})

it("keeps what a first up measured", async () => {
  await writeRecord(home, { ...choices, leasedAfterMs: 4200 })
  expect(await openRecord(home, choices)).toMatchObject({ leasedAfterMs: 4200 })
})

it("refuses an up of another kind and names what differs", async () => {
  await openRecord(home, choices)
  const other = openRecord(home, { ...choices, network: "bridge" })
  await expect(other).rejects.toMatchObject({ code: "FAILED_PRECONDITION", field: "network", value: "bridge" })
})

it("does not take a foreign file for a lab", async () => {
  writeFileSync(home.record, '{"network":"token-ring"}')
  await expect(readRecord(home)).rejects.toMatchObject({ code: "DATA_LOSS" })
})

it("knows the record of a lab from before there were two kinds", async () => {
  const { xenserver: _, ...before } = choices
  writeFileSync(home.record, JSON.stringify(before))
  expect(await readRecord(home)).toEqual(choices)
})

it.each([
  [{ ...choices, network: "vlan" }, "--network"],
  [{ ...choices, xenserver: true, network: "openvswitch" }, "--network"],
  [{ ...choices, xenserver: true, via: "ssh" }, "--via"],
  [{ ...choices, xenserver: true, privateLibvirtd: true }, "--private-libvirtd"],
] as const)("refuses %j, which no lab is", (wanted, field) => {
  expect(() => checkChoices(wanted)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT", field }))
  for (const network of ["isolated", "vlan"] as const) checkChoices({ ...choices, xenserver: true, network })
})
