import { rmSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { makeGoldenTemplate } from "./xapi-golden.ts"
import { type XapiGround, startXapiGround } from "./xapi-ground.ts"
import { readScenarios, replay } from "./xapi-replay.ts"

let ground: XapiGround
let template = ""

beforeAll(async () => {
  ground = await startXapiGround()
  ;({ vm: template } = await makeGoldenTemplate(await ground.open()))
})
afterAll(() => ground.stop())

describe("the transcripts of a running xapi, on real machines and bridges", () => {
  it.each(readScenarios())("$name", async (scenario) => {
    expect(await replay(ground.url, scenario, ["xcpsim", "lab"])).toEqual([])
  })
})

describe("a VM", () => {
  it("is started once when two ask for it, and runs on when the second is refused", async () => {
    const xapi = await ground.open()
    const vm = await xapi.text("VM.clone", template, "twice")
    await xapi.call("VM.provision", vm)
    const both = await Promise.allSettled([1, 2].map(() => xapi.call("VM.start", vm, false, false)))
    const refused = both.flatMap((one) => (one.status === "rejected" ? [String(one.reason)] : []))
    expect(refused).toEqual([`Error: VM_BAD_POWER_STATE ${vm} halted running`])
    expect(await xapi.text("VM.get_power_state", vm)).toBe("Running")
    await xapi.call("VM.hard_shutdown", vm)
  })

  it("is ended by a hard shutdown while its guest ignores a clean one", async () => {
    const xapi = await ground.open()
    const vm = await xapi.text("VM.clone", template, "deaf")
    await xapi.call("VM.provision", vm)
    await xapi.call("VM.start", vm, false, false)
    const task = await xapi.text("Async.VM.clean_shutdown", vm)
    expect(await xapi.text("task.get_status", task)).toBe("pending")
    await xapi.call("VM.hard_shutdown", vm)
    expect(await xapi.text("VM.get_power_state", vm)).toBe("Halted")
    await expect.poll(() => xapi.text("task.get_status", task)).toBe("success")
  })

  it("stays halted when QEMU cannot start, and says why", async () => {
    const xapi = await ground.open()
    const vm = await xapi.text("VM.clone", template, "broken")
    await xapi.call("VM.provision", vm)
    const [vbd] = await xapi.texts("VM.get_VBDs", vm)
    const uuid = await xapi.text("VDI.get_uuid", await xapi.text("VBD.get_VDI", vbd))
    rmSync(join(ground.directory, "xapi", "sr", `${uuid}.raw`))
    await expect(xapi.call("VM.start", vm, false, false)).rejects.toThrow(/^INTERNAL_ERROR QEMU did not start: .*raw/s)
    expect(await xapi.text("VM.get_power_state", vm)).toBe("Halted")
    expect(await xapi.call("VM.get_domid", vm)).toBe(-1)
  })
})
