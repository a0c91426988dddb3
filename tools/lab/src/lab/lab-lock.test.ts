import { expect, it } from "vitest"
import { labHome } from "./lab-home.ts"
import { whileLocked } from "./lab-lock.ts"

const home = labHome(`/tmp/slash64-lock-${process.pid}`)

it("lets one command at a time work on a lab, and the next one after it", async () => {
  await whileLocked(home, async () => {
    const second = whileLocked(home, () => Promise.resolve("too early"))
    await expect(second).rejects.toMatchObject({ code: "FAILED_PRECONDITION", field: "dir" })
    expect(await whileLocked(labHome(`${home.dir}-other`), () => Promise.resolve("elsewhere"))).toBe("elsewhere")
  })
  expect(await whileLocked(home, () => Promise.resolve("after"))).toBe("after")
})

it("is free again after a deed that failed", async () => {
  await expect(whileLocked(home, () => Promise.reject(new Error("broken")))).rejects.toThrow("broken")
  expect(await whileLocked(home, () => Promise.resolve("after"))).toBe("after")
})
