import { macForNic } from "../address/mac-address.ts"
import { parseId, stableUuid } from "../address/id.ts"
import { parseDuid } from "../address/duid.ts"
import type { Duid } from "../address/duid.ts"
import { Slash64Error, quote } from "../errors.ts"
import type { Router, SharedNetwork, TemplateRecord } from "../network/records.ts"
import type { parseStartRouter } from "./road-requests.ts"
import type { HostCapabilities } from "../plugin/hypervisor-plugin.ts"
import type { Rooms } from "./rooms.ts"

const everyFormat = ["qcow2", "raw", "vhd"] as const

/** Names what slash64 makes ids of by itself (RFC 9562 section 6.6): never changed, or routers get other ids. */
const namespace = "6b1e64d2-50a4-5c1f-9d5e-0a64c0de0064"

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
    host: asked.host,
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
  return stableUuid(namespace, `router ${networkId}`)
}

/**
 * The DUID of a network's DHCPv6 server: DUID-UUID (type 4, RFC 6355) of a UUID that follows from the network, so
 * that a router rebuilt under another id is the same server to the network's clients.
 */
export function serverDuidFor(networkId: string): Duid {
  return parseDuid("serverDuid", `0004${stableUuid(namespace, `dhcpv6 server ${networkId}`).replaceAll("-", "")}`)
}

function checkSame(there: Router, asked: ReturnType<typeof parseStartRouter>, network: SharedNetwork): void {
  if (there.state === "leaving") {
    throw new Slash64Error("FAILED_PRECONDITION", `the router of ${network.name} is being removed`, {
      field: "network",
      value: network.name,
      hint: `Finish that first: slash64 router remove ${network.name}.`,
    })
  }
  const pairs = [
    ["host", asked.host, there.host],
    ["id", asked.id, there.id],
    ["template", asked.template, there.templateDigest],
    ["controlAddress", asked.controlAddress, there.controlAddress],
  ] as const
  for (const [field, wanted, is] of pairs) {
    if (wanted === undefined || wanted === is) continue
    throw new Slash64Error("ALREADY_EXISTS", `the router of ${network.name} has ${field} ${quote(is)}`, {
      field,
      value: quote(wanted),
      hint: `Leave out ${field}, or remove the router first: slash64 router remove ${network.name}.`,
    })
  }
}

/** The one that is named, or the newest in the format that suits the host best. */
function chooseTemplate(
  templates: readonly TemplateRecord[],
  digest: string | undefined,
  { templateFormats = everyFormat }: Pick<HostCapabilities, "templateFormats">,
): TemplateRecord {
  const fits = ({ format }: TemplateRecord): boolean => templateFormats.includes(format)
  if (digest !== undefined) {
    const named = findTemplate(templates, digest)
    if (fits(named)) return named
    throw unfit(`router template ${named.version} is a ${named.format} image`, templateFormats)
  }
  const newest = templates.toSorted((a, b) => (a.registeredAt < b.registeredAt ? 1 : -1)).find(fits)
  if (newest === undefined && templates.length > 0) throw unfit("no router template is an image", templateFormats)
  if (newest === undefined) throw unregistered("no router template is registered", "")
  const same = templates.filter((one) => one.version === newest.version && fits(one))
  return templateFormats.flatMap((format) => same.find((one) => one.format === format) ?? [])[0] ?? newest
}

function findTemplate(templates: readonly TemplateRecord[], digest: string): TemplateRecord {
  const found = templates.find((one) => one.digest === digest)
  if (found !== undefined) return found
  throw unregistered(`router template ${quote(digest)} is not registered`, digest)
}

function unregistered(problem: string, digest: string): Slash64Error {
  return new Slash64Error("NOT_FOUND", problem, {
    field: "template",
    value: quote(digest),
    hint: "Build or register one: slash64 template build, or slash64 template register.",
  })
}

function unfit(problem: string, formats: readonly string[]): Slash64Error {
  return new Slash64Error("FAILED_PRECONDITION", `${problem}, and this host takes ${formats.join(" or ")}`, {
    field: "template",
    value: formats.join(", "),
    hint: `Build one that fits: slash64 template build --format ${formats[0] ?? ""}.`,
  })
}
