import { expect, it } from "vitest"
import { parsePrefix64, parseUuid } from "@slash64/core"
import { labHome } from "./lab-home.ts"

it("gives two directories nothing in common", () => {
  const { host: _, ...one } = labHome("/tmp/one").names
  const { host: __, ...other } = labHome("/tmp/other").names
  for (const name of Object.keys(one)) expect(Reflect.get(one, name)).not.toBe(Reflect.get(other, name))
})

it("gives one directory the same names each time, each within its limits", () => {
  const { names } = labHome("/var/lib/slash64-lab")
  expect(labHome("/var/lib/slash64-lab").names).toEqual(names)
  expect(names.bridge.length).toBeLessThanOrEqual(15)
  expect(parseUuid("uuid", names.guestUuid)).toBe(names.guestUuid)
  expect(parsePrefix64("prefix", names.prefix)).toMatch(/^fd/)
})
