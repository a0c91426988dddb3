import { attachNic, createNetwork, newCall, nicIdFor, startRouter } from "@slash64/core"
import type { AttachNicRequest, NetworkAttachment, SharedNetwork } from "@slash64/core"
import { pingFromGuest, waitForAddress, waitForGuest } from "../guest/read-guest.ts"
import { proveKvm } from "../prove-kvm.ts"
import { openPool } from "../xenserver/open-pool.ts"
import { openGuestImage, openTemplate } from "./build-images.ts"
import { installDebianPackages } from "./debian-packages.ts"
import { labHome, cacheDir } from "./lab-home.ts"
import type { LabHome } from "./lab-home.ts"
import { openRecord, writeRecord } from "./lab-record.ts"
import type { LabChoices } from "./lab-record.ts"
import { openKvm } from "./open-kvm.ts"
import { openLabRooms } from "./open-rooms.ts"
import type { Steps } from "./steps.ts"

export interface LabAnswer {
  readonly network: { readonly prefix: string }
  readonly nic: { readonly mac: string; readonly duid: string; readonly address: string }
  readonly router: { readonly version: string; readonly bootMs: number }
  readonly guest: {
    /** What the guest itself shows on that NIC. */
    readonly addresses: readonly string[]
    /** From the call that attached the NIC to the running guest, to the guest that shows the address. */
    readonly leasedAfterMs: number
    readonly pingOk: boolean
  }
  readonly accel: "kvm" | "tcg"
}

/** The whole road, from nothing to an address in a guest. Every step may be repeated. */
export async function bringUp(dir: string, choices: LabChoices, steps: Steps, signal: AbortSignal): Promise<LabAnswer> {
  const home = labHome(dir)
  const record = await steps.step("looking for a lab in " + dir, () => openRecord(home, choices))
  await steps.step("installing Debian packages", () => installDebianPackages(signal))
  const image = await steps.step("building the guest image", () => openGuestImage(signal))
  const proof = await steps.step("proving KVM", () => proveKvm({ kernel: image.kernel, cacheDir, signal }))
  steps.note(`${proof.accel}: ${proof.reason}`)
  const open = choices.xenserver ? openPool : openKvm
  const hypervisor = await open(home, choices, image, proof.accel, steps, signal)
  const { attachment, templateFormat, controlAddress, guest, register } = hypervisor
  const template = await steps.step("building the router template", () => openTemplate(steps, signal, templateFormat))

  const lab = await openLabRooms(home)
  try {
    const { rooms } = lab
    const call = newCall({ signal, report: (progress) => steps.report(progress) })
    await steps.step("adding the host", () => register(lab))
    await rooms.store.putTemplate({ ...template, format: templateFormat, registeredAt: new Date().toISOString() })
    const network = await steps.step("creating the network", () =>
      createNetwork(networkRequest(home, attachment), rooms, call),
    )
    const started = await steps.step("starting the router", () =>
      startRouter(
        {
          network: network.id,
          host: home.names.host,
          template: template.digest,
          ...(controlAddress !== undefined && { controlAddress }),
        },
        rooms,
        call,
      ),
    )
    const { vmId, agent, consoleLog } = guest
    await steps.step("waiting for the guest to boot", () => waitForGuest(agent, consoleLog, 120_000))

    const attachedAt = performance.now()
    const { nic } = await steps.step("attaching the NIC", () => attachNic(nicRequest(home, network, vmId), rooms, call))
    const address = String(nic.ipv6)
    const addresses = await steps.step(`waiting until the guest shows ${address}`, () =>
      waitForAddress(agent, nic.mac, address, 60_000),
    )
    const leasedAfterMs = record.leasedAfterMs ?? Math.round(performance.now() - attachedAt)
    await writeRecord(home, { ...record, leasedAfterMs })
    const routerAddress = String(network.ipv6?.router)
    const pingOk = await steps.step(`pinging the router ${routerAddress} from the guest`, () =>
      pingFromGuest(agent, routerAddress),
    )
    return {
      network: { prefix: String(network.ipv6?.prefix) },
      nic: { mac: nic.mac, duid: nic.duid, address },
      router: { version: started.status.version, bootMs: started.status.bootMs },
      guest: { addresses, leasedAfterMs, pingOk },
      accel: proof.accel,
    }
  } finally {
    await lab.close()
  }
}

function networkRequest(home: LabHome, attachment: NetworkAttachment): unknown {
  const { network, prefix } = home.names
  return {
    name: network,
    attachment,
    ipv6: { prefix, gateway: prefix.replace(/::\/64$/, "::1"), ra: "router" },
    quarantineSeconds: 0,
  }
}

function nicRequest({ names: { host } }: LabHome, network: SharedNetwork, vmId: string): AttachNicRequest {
  return { network: network.id, id: nicIdFor(network.id, vmId, 0), host, vmId, hostname: "lab-guest" }
}
