import type { RouterSpec } from "@slash64/core"
import { describe, expect, it } from "vitest"
import type { XenserverConfig } from "../config/xenserver-config.ts"
import { checkRouter } from "./check-router.ts"
import { readMark, routerKey, toMark } from "./router-mark.ts"

const router: RouterSpec = {
  id: "r-1",
  templateDigest: `sha256:${"0".repeat(64)}`,
  vcpus: 1,
  memoryMiB: 256,
  seed: Buffer.alloc(512, "s").toString("base64"),
  controlMac: "02:64:00:00:00:01",
  nics: [{ networkId: "blue", mac: "02:64:00:00:00:02" }],
}

describe("a router's mark", () => {
  it("tells what was marked, and nothing of the seed", () => {
    const { seed, ...rest } = router
    const mark = toMark(router)
    expect(readMark({ [routerKey]: mark })).toEqual(rest)
    expect(mark).not.toContain(seed)
    expect(readMark({ [routerKey]: toMark({ ...router, controlAddress: "fd00::2/64" }) })).toMatchObject({
      controlAddress: "fd00::2/64",
    })
  })

  it.each([undefined, "", "{}", "r-1", toMark(router).slice(1)])("is none of ours as %j", (mark) => {
    expect(readMark(mark === undefined ? {} : { [routerKey]: mark })).toBeUndefined()
  })
})

const config: XenserverConfig = {
  url: "https://xen.example",
  user: "root",
  password: "env:PASSWORD",
  certificates: [],
  control: { range: "169.254.0.0/16" },
}

describe("checkRouter", () => {
  it("gives the bytes of the seed", () => {
    expect(checkRouter({ ...router, controlAddress: "169.254.64.2/16" }, config)).toEqual(Buffer.alloc(512, "s"))
  })

  it.each([
    ["router.id", { id: "R 1" }],
    ["router.nics", { nics: Array.from({ length: 7 }, (_, n) => ({ networkId: "b", mac: `02:64:00:00:01:0${n}` })) }],
    ["router.controlAddress", { controlAddress: "169.254.64.2" }],
    ["router.controlAddress", { controlAddress: "192.0.2.1/16" }],
  ])("refuses a wrong %s", (field, wrong) => {
    expect(() => checkRouter({ ...router, ...wrong }, config)).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT", field }),
    )
  })
})
