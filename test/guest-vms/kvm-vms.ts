import { execFile } from "node:child_process"
import { randomUUID } from "node:crypto"
import { mkdir, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { promisify } from "node:util"
import { connectGuestAgent, labHome } from "@slash64/tool-lab"
import { expectLabAnswer } from "../integration/lab-answer.ts"
import { TestLab } from "../integration/lab-command.ts"
import type { VmHost } from "./guest-vm.ts"

const exec = promisify(execFile)

/** libvirt and QEMU, with a lab's isolated network and router. */
export async function openKvmVms(): Promise<VmHost> {
  const lab = new TestLab()
  const folder = join(lab.dir, "guest-vms")
  try {
    expectLabAnswer(await lab.up())
  } catch (error) {
    await lab.remove()
    throw error
  }
  await mkdir(folder, { mode: 0o711 })
  const { names } = labHome(lab.dir)
  return {
    dir: lab.dir,
    host: names.host,
    network: names.network,
    enter: [],
    async portOf(mac) {
      // Interface, type, source, model, MAC.
      const lines = lab.virsh("domiflist", lab.router()).split("\n")
      const port = lines
        .find((line) => line.includes(mac))
        ?.trim()
        .split(/\s+/)[0]
      if (port === undefined) throw new Error(`the router has no NIC ${mac}`)
      return port
    },
    async define(name, image) {
      const id = randomUUID()
      const disk = join(folder, `${name}.raw`)
      await exec("cp", ["--sparse=always", image, disk])
      const xml = join(folder, `${name}.xml`)
      await writeFile(xml, domainXml(id, name, disk))
      lab.virsh("define", xml)
      const powerOff = async () => {
        if (lab.virsh("domstate", id) === "running") lab.virsh("destroy", id)
      }
      return {
        id,
        disk,
        agent: connectGuestAgent(lab.uri, id),
        start: async () => void lab.virsh("start", id),
        reset: async () => void lab.virsh("reset", id),
        powerOff,
        async remove() {
          await powerOff()
          lab.virsh("undefine", id)
          await rm(disk)
        },
      }
    },
    close: () => lab.remove(),
  }
}

function domainXml(id: string, name: string, disk: string): string {
  return `<domain type="qemu"><name>${name}</name><uuid>${id}</uuid>
<memory unit="MiB">256</memory><vcpu>1</vcpu>
<os><type arch="x86_64" machine="pc">hvm</type></os>
<features><acpi/><apic/><tcg><tb-cache unit="MiB">64</tb-cache></tcg></features><cpu mode="maximum"/>
<devices><controller type="usb" model="none"/><memballoon model="none"/>
<disk type="file" device="disk"><driver name="qemu" type="raw"/><source file="${disk}"/><target dev="vda" bus="virtio"/></disk>
<rng model="virtio"><backend model="random">/dev/urandom</backend></rng>
<channel type="unix"><target type="virtio" name="org.qemu.guest_agent.0"/></channel>
<serial type="pty"><log file="${disk}.console" append="on"/></serial></devices></domain>`
}
