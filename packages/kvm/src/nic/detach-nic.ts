import { setTimeout } from "node:timers/promises"
import { type Call, type NicRef, Slash64Error, isSlash64Error, parseUuid, quote } from "@slash64/core"
import { isNative } from "../errors/translate-libvirt.ts"
import { untilAborted } from "../errors/until-aborted.ts"
import type { Domain, DomainEvent, Libvirt } from "../libvirt/libvirt.ts"
import { readDomainDocuments } from "../vm/domain-documents.ts"
import type { XmlNode } from "../xml/parse-xml.ts"
import { nicAlias } from "./nic-alias.ts"
import { readInterfaces } from "./read-interfaces.ts"

/** How long a guest may take to give a device up. */
const unplugMs = 30_000
/** QEMU takes a further request of a removal that is pending after 5 s; a guest that was booting lost the first one. */
const askAgainMs = 6_000
const lookMs = 500

/** Removes the NIC from the next start first, then from the running domain, and waits until the device is gone. */
export async function detachNic(libvirt: Libvirt, nic: NicRef, call: Call, withinMs = unplugMs): Promise<void> {
  const { signal } = call
  const alias = nicAlias(nic.id)
  const domain = await libvirt.domains.find(parseUuid("vmId", nic.vmId), signal)
  if (domain === undefined) return
  const { live, config } = await readDomainDocuments(libvirt, domain, signal)
  if (hasNic(config, nic.id))
    await libvirt.domains.detachDevice(domain.uuid, alias, { live: false, config: true }, signal)
  if (hasNic(live, nic.id)) await unplug(libvirt, domain, nic, call, withinMs)
}

async function unplug(libvirt: Libvirt, domain: Domain, nic: NicRef, call: Call, withinMs: number): Promise<void> {
  const deadline = AbortSignal.timeout(withinMs)
  try {
    await unplugUntil(AbortSignal.any([call.signal, deadline]), libvirt, domain, nic)
  } catch (error) {
    if (!isSlash64Error(error) || error.code !== "DEADLINE_EXCEEDED") throw error
    throw new Slash64Error(
      "DEADLINE_EXCEEDED",
      `the guest of ${domain.name} did not give the NIC ${quote(nic.id)} up`,
      {
        field: "nic.id",
        value: quote(nic.id),
        hint: "Detach again when the guest has booted (it needs ACPI hot unplug), or stop the VM: its next start has no such NIC.",
        cause: error,
      },
    )
  }
}

async function unplugUntil(signal: AbortSignal, libvirt: Libvirt, domain: Domain, nic: NicRef): Promise<void> {
  const alias = nicAlias(nic.id)
  const done = new AbortController()
  // Subscribed before the request, so that a quick guest is not missed.
  const events = await libvirt.events(AbortSignal.any([signal, done.signal]))
  const gone = awaitRemoval(events, domain.uuid, alias)
  let askAt = 0
  try {
    for (;;) {
      if (Date.now() >= askAt) {
        await askForRemoval(libvirt, domain, alias, signal)
        askAt = Date.now() + askAgainMs
      }
      if ((await untilAborted(signal, Promise.race([gone, setTimeout(lookMs)]))) === "gone") return
      if (!hasNic(await readLive(libvirt, domain, signal), nic.id)) return
    }
  } finally {
    done.abort()
  }
}

async function askForRemoval(libvirt: Libvirt, domain: Domain, alias: string, signal: AbortSignal): Promise<void> {
  try {
    await libvirt.domains.detachDevice(domain.uuid, alias, { live: true, config: false }, signal)
  } catch (error) {
    // Gone meanwhile, stopped meanwhile, or still being asked for.
    const late = isNative(error, "VIR_ERR_DEVICE_MISSING", "VIR_ERR_NO_DOMAIN", "VIR_ERR_OPERATION_INVALID")
    if (!late && !(isSlash64Error(error) && error.code === "ABORTED")) throw error
  }
}

async function awaitRemoval(events: AsyncIterable<DomainEvent>, uuid: string, alias: string): Promise<"gone"> {
  try {
    for await (const event of events) {
      if (event.uuid !== uuid) continue
      if (event.kind === "device-removed" && event.alias === alias) return "gone"
      if (event.kind === "stopped") return "gone"
    }
  } catch {
    // The connection broke: what the document says next decides.
  }
  return new Promise(() => {})
}

async function readLive(libvirt: Libvirt, domain: Domain, signal: AbortSignal): Promise<XmlNode | undefined> {
  const now = await libvirt.domains.find(domain.uuid, signal)
  return now === undefined ? undefined : (await readDomainDocuments(libvirt, now, signal)).live
}

function hasNic(document: XmlNode | undefined, nicId: string): boolean {
  return document !== undefined && readInterfaces(document).some((nic) => nic.nicId === nicId)
}
