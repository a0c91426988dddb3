import { macForNic } from "../address/mac-address.ts"
import { parseId, stableUuid } from "../address/id.ts"
import { parseDuid } from "../address/duid.ts"
import type { Duid } from "../address/duid.ts"
import { Slash64Error, quote } from "../errors.ts"
import type { Router, SharedNetwork, TemplateRecord } from "../network/records.ts"
import type { parseStartRouter } from "./road-requests.ts"
import type { HostCapabilities } from "../plugin/hypervisor-plugin.ts"
import { chooseTemplate, findTemplate } from "./choose-template.ts"
import { routerNamespace } from "./router-specs.ts"
import type { Rooms } from "./rooms.ts"

/**
 * The router that a start asks for: the one that the network has, or a new one. ALREADY_EXISTS when it has another
 * than was asked for, FAILED_PRECONDITION while that one is being removed.
 */
export async function planRouter(
  asked: ReturnType<typeof parseStartRouter>,
  network: SharedNetwork,
  rooms: Rooms,
  askHost: () => Promise<Pick<HostCapabilities, "templateFormats">>,
): Promise<{ readonly router: Router; readonly template: TemplateRecord }> {
  const there = await rooms.store.findRouter(network.id)
  const templates = await rooms.store.listTemplates()
  if (there !== undefined) {
    checkSame(there, asked, network)
    return { router: there, template: findTemplate(templates, there.templateDigest) }
  }
  const template = chooseTemplate(templates, asked.template, await askHost())
  const id = asked.id === undefined ? routerIdFor(network.id) : parseId("id", asked.id)
  const { hostKey } = await rooms.routers.identity(id)
  const router: Router = {
    id,
    networkId: network.id,
    vmId: id,
    host: asked.host,
    vcpus: asked.vcpus ?? 1,
    memoryMiB: asked.memoryMiB ?? 256,
    templateDigest: template.digest,
    templateVersion: template.version,
    guestMac: macForNic(`router ${id} guest`),
    controlMac: macForNic(`router ${id} control`),
    ...(asked.controlAddress === undefined ? {} : { controlAddress: asked.controlAddress }),
    serverDuid: serverDuidFor(network.id),
    hostKey,
    state: "claimed",
  }
  return { router, template }
}

/** The id of a network's router, for callers that keep no ids of their own. */
export function routerIdFor(networkId: string): string {
  return stableUuid(routerNamespace, `router ${networkId}`)
}

/**
 * The DUID of a network's DHCPv6 server: DUID-UUID (type 4, RFC 6355) of a UUID that follows from the network, so
 * that a router rebuilt under another id is the same server to the network's clients.
 */
export function serverDuidFor(networkId: string): Duid {
  return parseDuid("serverDuid", `0004${stableUuid(routerNamespace, `dhcpv6 server ${networkId}`).replaceAll("-", "")}`)
}

function checkSame(there: Router, asked: ReturnType<typeof parseStartRouter>, network: SharedNetwork): void {
  if (there.state === "leaving") {
    throw new Slash64Error("FAILED_PRECONDITION", `the router of ${network.name} is being removed`, {
      field: "network",
      value: network.name,
      hint: `Finish that first: slash64 router remove ${network.name}.`,
    })
  }
  const remove = `remove the router first: slash64 router remove ${network.name}`
  const pairs = [
    ["host", asked.host, there.host, `move it: slash64 router move ${network.name} --host <name>`],
    ["id", asked.id, there.id, remove],
    ["template", asked.template, there.templateDigest, `upgrade it: slash64 router upgrade ${network.name}`],
    ["vcpus", asked.vcpus, there.vcpus, remove],
    ["memoryMiB", asked.memoryMiB, there.memoryMiB, remove],
    ["controlAddress", asked.controlAddress, there.controlAddress, remove],
  ] as const
  for (const [field, wanted, is, remedy] of pairs) {
    if (wanted === undefined || wanted === is) continue
    throw new Slash64Error("ALREADY_EXISTS", `the router of ${network.name} has ${field} ${quote(String(is))}`, {
      field,
      value: quote(String(wanted)),
      hint: `Leave out ${field}, or ${remedy}.`,
    })
  }
}
