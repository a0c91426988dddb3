import { Slash64Error } from "@slash64/core"
import type { ChangeNetworkRequest } from "@slash64/core"

/** What describes a family, where a network is made and where one is added. */
interface FamilyOptions {
  readonly ipv6?: string | undefined
  readonly pool?: string | undefined
  readonly gateway?: string | undefined
  readonly range?: readonly string[] | undefined
  readonly exclude?: readonly string[] | undefined
  readonly routerAddress?: string | undefined
  readonly dns?: string | undefined
  readonly ra?: string | undefined
  readonly ipv4?: string | undefined
  readonly ipv4Gateway?: string | undefined
  readonly ipv4Range?: readonly string[] | undefined
  readonly ipv4RouterAddress?: string | undefined
  readonly ipv4Dns?: string | undefined
}

/** The options of `network create` as the command line gives them. */
export interface NetworkOptions extends FamilyOptions {
  readonly isolated?: true | undefined
  readonly bridge?: string | undefined
  readonly vlan?: string | undefined
  readonly uplink?: string | undefined
  readonly openvswitch?: string | undefined
  readonly mtu?: string | undefined
  readonly domain?: string | undefined
  readonly lease?: string | undefined
  readonly quarantine?: string | undefined
  readonly policy?: string | undefined
  readonly portSecurity?: true | undefined
}

/** The options of `network change`. */
export interface NetworkChangeOptions extends FamilyOptions {
  readonly addRange?: readonly string[] | undefined
  readonly unexclude?: readonly string[] | undefined
  readonly quarantine?: string | undefined
}

/** What `create-network` is asked; core parses it, so a value that is wrong goes through as it was typed. */
export function networkRequest(name: string, options: NetworkOptions): unknown {
  return dropUndefined({
    name,
    attachment: attachment(options),
    ipv6: side({ ...ipv6Fields(options), exclusions: ofFamily("ipv6", options.exclude) }),
    ipv4: side({ ...ipv4Fields(options), exclusions: ofFamily("ipv4", options.exclude) }),
    mtu: wholeNumber(options.mtu),
    domain: options.domain,
    leaseSeconds: wholeNumber(options.lease),
    quarantineSeconds: wholeNumber(options.quarantine),
    policy: options.policy,
    portSecurity: options.portSecurity,
  })
}

/** What `change-network` is asked, in the same manner. Without any option: INVALID_ARGUMENT. */
export function changeRequest(network: string, options: NetworkChangeOptions): ChangeNetworkRequest {
  const request = dropUndefined({
    ipv6: familyChange("ipv6", ipv6Fields(options), options),
    ipv4: familyChange("ipv4", ipv4Fields(options), options),
    quarantineSeconds: wholeNumber(options.quarantine),
  })
  if (Object.keys(request).length > 0) return { ...request, network }
  throw new Slash64Error("INVALID_ARGUMENT", "nothing is to be changed", {
    field: "--add-range",
    hint: "Give one of --ipv6, --pool, --ipv4, --add-range, --exclude, --unexclude or --quarantine.",
  })
}

/** Of a family that is described, the excluded addresses are a part of it; of one that is there, a change. */
function familyChange(
  family: "ipv6" | "ipv4",
  fields: Readonly<Record<string, unknown>>,
  options: NetworkChangeOptions,
): unknown {
  const excluded = ofFamily(family, options.exclude)
  const isDescribed = Object.keys(dropUndefined(fields)).length > 0
  return side({
    ...fields,
    ...(isDescribed ? { exclusions: excluded } : { exclude: excluded }),
    addRanges: ofFamily(family, options.addRange),
    unexclude: ofFamily(family, options.unexclude),
  })
}

function ipv6Fields(options: FamilyOptions): Readonly<Record<string, unknown>> {
  return {
    prefix: options.ipv6,
    pool: options.pool,
    gateway: options.gateway,
    ranges: options.range,
    router: options.routerAddress,
    dns: options.dns?.split(","),
    ra: options.ra,
  }
}

function ipv4Fields(options: FamilyOptions): Readonly<Record<string, unknown>> {
  return {
    prefix: options.ipv4,
    gateway: options.ipv4Gateway,
    ranges: options.ipv4Range,
    router: options.ipv4RouterAddress,
    dns: options.ipv4Dns?.split(","),
  }
}

/** What has a colon is IPv6. */
function ofFamily(family: "ipv6" | "ipv4", ranges: readonly string[] | undefined): readonly string[] | undefined {
  const own = ranges?.filter((range) => range.includes(":") === (family === "ipv6"))
  return own === undefined || own.length === 0 ? undefined : own
}

/** The option that gives a field of a network, for a person who typed options and not fields. */
export function networkOption(field: string): string | undefined {
  const named = /^ipv[46]\.(addRanges|exclude|unexclude|exclusions)(?:\.|$)/.exec(field)?.[1]
  if (named !== undefined) return { addRanges: "--add-range", unexclude: "--unexclude" }[named] ?? "--exclude"
  const [option] = Object.entries(fieldsOf).find(([, name]) => field === name || field.startsWith(`${name}.`)) ?? []
  return option
}

const fieldsOf: Readonly<Record<string, string>> = {
  "--ipv6": "ipv6.prefix",
  "--pool": "ipv6.pool",
  "--gateway": "ipv6.gateway",
  "--range": "ipv6.ranges",
  "--router-address": "ipv6.router",
  "--dns": "ipv6.dns",
  "--ra": "ipv6.ra",
  "--ipv4": "ipv4.prefix",
  "--ipv4-gateway": "ipv4.gateway",
  "--ipv4-range": "ipv4.ranges",
  "--ipv4-router-address": "ipv4.router",
  "--ipv4-dns": "ipv4.dns",
  "--bridge": "attachment.bridge",
  "--vlan": "attachment.vlan",
  "--uplink": "attachment.uplink",
  "--lease": "leaseSeconds",
  "--policy": "policy",
  "--quarantine": "quarantineSeconds",
}

/** Digits as a number; anything else as it is, for core to refuse by name. */
export function wholeNumber(text: string | undefined): number | string | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : text
}

function attachment(options: NetworkOptions): unknown {
  const { isolated, bridge, vlan, uplink, openvswitch } = options
  const kinds = [
    isolated === true ? { kind: "isolated" } : undefined,
    bridge === undefined ? undefined : { kind: "bridge", bridge },
    uplink === undefined ? undefined : dropUndefined({ kind: "vlan", uplink, vlan: wholeNumber(vlan) }),
    openvswitch === undefined
      ? undefined
      : dropUndefined({ kind: "openvswitch", bridge: openvswitch, vlan: wholeNumber(vlan) }),
  ].filter((kind) => kind !== undefined)
  const stray = vlan !== undefined && uplink === undefined && openvswitch === undefined
  if (kinds.length === 1 && !stray) return kinds[0]
  throw new Slash64Error("INVALID_ARGUMENT", stray ? "--vlan needs a device" : "a network stands on one thing", {
    field: stray ? "--uplink" : "attachment",
    hint: "Give one of --isolated, --bridge NAME, --vlan TAG --uplink DEVICE, --openvswitch BRIDGE [--vlan TAG].",
  })
}

function side(fields: Readonly<Record<string, unknown>>): unknown {
  const given = dropUndefined(fields)
  return Object.keys(given).length === 0 ? undefined : given
}

function dropUndefined(fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}
