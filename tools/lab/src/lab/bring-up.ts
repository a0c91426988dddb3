import { attachNic, createNetwork, newCall, nicIdFor, startRouter } from "@slash64/core"
import type { AttachNicRequest, NetworkAttachment, SharedNetwork } from "@slash64/core"
import { ensureGround } from "../ground/ensure-ground.ts"
import { connectGuestAgent } from "../guest/guest-agent.ts"
import { ensureGuest } from "../guest/ensure-guest.ts"
import { pingFromGuest, waitForAddress, waitForGuest } from "../guest/read-guest.ts"
import { proveKvm } from "../prove-kvm.ts"
import { openGuestImage, openTemplate } from "./build-images.ts"
import { installDebianPackages } from "./debian-packages.ts"
import { labHome, cacheDir } from "./lab-home.ts"
import type { LabHome } from "./lab-home.ts"
import { openLibvirtd } from "./lab-libvirtd.ts"
import { openRecord, writeRecord } from "./lab-record.ts"
import type { LabChoices } from "./lab-record.ts"
import { hostRecord, openLabRooms } from "./open-rooms.ts"
import { reachHost } from "./reach-host.ts"
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
  const template = await steps.step("building the router template", () => openTemplate(steps, signal))
  const proof = await steps.step("proving KVM", () => proveKvm({ kernel: image.kernel, cacheDir, signal }))
  steps.note(`${proof.accel}: ${proof.reason}`)
  const libvirtd = await steps.step("starting libvirtd", () => openLibvirtd(home, choices, proof.accel, signal))
  const ground = await steps.step("making the bridge", () => ensureGround(home, choices))
  const access = await steps.step("reaching the host", () => reachHost(home, choices, libvirtd, ground.environment))
  await steps.step("booting the guest", () => ensureGuest(home, libvirtd.uri, image, proof.accel, signal))

  const lab = await openLabRooms(home)
  try {
    const { rooms } = lab
    const call = newCall({ signal, report: (progress) => steps.report(progress) })
    await steps.step("adding the host", () => rooms.store.putHost(hostRecord(home, choices, access, proof.accel)))
    await rooms.store.putTemplate({ ...template, format: "qcow2", registeredAt: new Date().toISOString() })
    const network = await steps.step("creating the network", () =>
      createNetwork(networkRequest(home, ground.attachment), rooms, call),
    )
    const started = await steps.step("starting the router", () =>
      startRouter({ network: network.id, host: home.names.host, template: template.digest }, rooms, call),
    )
    const agent = connectGuestAgent(libvirtd.uri, home.names.guest, signal)
    await steps.step("waiting for the guest to boot", () => waitForGuest(agent, home.guestConsole, 120_000))

    const attachedAt = performance.now()
    const { nic } = await steps.step("attaching the NIC", () => attachNic(nicRequest(home, network), rooms, call))
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

function nicRequest(home: LabHome, network: SharedNetwork): AttachNicRequest {
  const { host, guestUuid } = home.names
  return { network: network.id, id: nicIdFor(network.id, guestUuid, 0), host, vmId: guestUuid, hostname: "lab-guest" }
}
