import { execFile } from "node:child_process"
import { readFileSync } from "node:fs"
import { stat } from "node:fs/promises"
import { join } from "node:path"
import { promisify } from "node:util"
import { askControl, findOpenVswitch, labHome, toGuestAgent } from "@slash64/tool-lab"
import { z } from "zod"
import { expectLabAnswer } from "../integration/lab-answer.ts"
import { TestLab } from "../integration/lab-command.ts"
import { showPool } from "../integration/lab-pool.ts"
import { XapiSession } from "../integration/xapi-client.ts"
import { makeGoldenTemplate } from "../integration/xapi-golden.ts"
import type { VmHost } from "./guest-vm.ts"

const exec = promisify(execFile)

/** The XAPI lab host, with a lab's isolated network and router. */
export async function openPoolVms(): Promise<VmHost> {
  const lab = new TestLab()
  try {
    expectLabAnswer(await lab.run(["up", "--xenserver", "--json"]))
  } catch (error) {
    await lab.remove()
    throw error
  }
  const { names, pool } = labHome(lab.dir)
  const { urls, certificateFiles, user, passwordFile } = await showPool(lab)
  const password = readFileSync(passwordFile, "utf8").trim()
  const xapi = await XapiSession.open(urls[0], user, password, readFileSync(certificateFiles[0], "utf8"))
  const ovs = await findOpenVswitch(join(pool, "host-1"))
  if (ovs === undefined) throw new Error("the lab host's switch does not run")
  return {
    dir: lab.dir,
    host: names.host,
    network: names.network,
    enter: ovs.enter,
    async portOf(mac) {
      const vifs = await xapi.read(z.record(z.string(), vifShape), "VIF.get_all_records")
      const vif = Object.values(vifs).find(({ MAC }) => MAC === mac)
      if (vif === undefined) throw new Error(`no VIF has the MAC ${mac}`)
      const { domid } = await xapi.read(vmShape, "VM.get_record", vif.VM)
      return `vif${domid}.${vif.device}`
    },
    async define(name, image) {
      const { size } = await stat(image)
      const { vm, vdi } = await makeGoldenTemplate(xapi, size)
      await xapi.call("VM.set_name_label", vm, name)
      const disk = join(pool, "xapi/sr", `${await xapi.text("VDI.get_uuid", vdi)}.raw`)
      await exec("cp", ["--sparse=always", image, disk])
      await xapi.call("VM.provision", vm)
      const id = await xapi.text("VM.get_uuid", vm)
      const powerOff = async () => {
        if ((await xapi.text("VM.get_power_state", vm)) === "Running") await xapi.call("VM.hard_shutdown", vm)
      }
      return {
        id,
        disk,
        agent: toGuestAgent((command, words = {}) =>
          askControl(join(pool, "control"), "ask-agent", { vm: id, command, words }),
        ),
        start: async () => void (await xapi.call("VM.start", vm, false, false)),
        reset: async () => void (await xapi.call("VM.hard_reboot", vm)),
        powerOff,
        async remove() {
          await powerOff()
          await xapi.call("VM.destroy", vm)
          await xapi.call("VDI.destroy", vdi)
        },
      }
    },
    close: () => lab.remove(),
  }
}

const vmShape = z.object({ domid: z.coerce.string() })
const vifShape = z.object({ MAC: z.string(), device: z.string(), VM: z.string() })
