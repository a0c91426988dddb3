/** Everything wrong that a caller can hand in: each a typed error that names the field, the value and the remedy. */
import { isSlash64Error } from "@slash64/core"
import type { Slash64Error } from "@slash64/core"
import { afterAll, describe, expect, it } from "vitest"
import { badChanges } from "../bad-input/changes.ts"
import { badNetworks } from "../bad-input/networks.ts"
import { badNics } from "../bad-input/nics.ts"
import { badPools } from "../bad-input/pools.ts"
import { badForTheStore } from "../bad-input/store.ts"

const printed: string[] = []

async function errorOf(run: () => unknown): Promise<Slash64Error> {
  try {
    await run()
  } catch (error) {
    if (isSlash64Error(error)) return error
    throw error
  }
  throw new Error("it was taken")
}

describe("bad input", () => {
  it.each([...badNetworks, ...badChanges, ...badNics, ...badPools, ...badForTheStore])(
    "$what is $code on $field",
    async ({ what, run, code, field }) => {
      const error = await errorOf(run)
      printed.push(`${what} | ${error.code} | ${error.field} | ${error.message} | ${error.hint}`)
      expect(error).toMatchObject({ code, field, hint: expect.stringMatching(/./), value: expect.any(String) })
      expect(error.message).toContain(field)
      expect(error.message).not.toMatch(/[\n\r]/)
    },
  )

  afterAll(() => {
    console.log(["what | code | field | message | remedy", ...printed].join("\n"))
  })
})
