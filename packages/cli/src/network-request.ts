import { Slash64Error } from "@slash64/core"

/** The options of `network create` as the command line gives them. */
export interface NetworkOptions {
  readonly ipv6?: string | undefined
  readonly gateway?: string | undefined
  readonly range?: string | undefined
  readonly routerAddress?: string | undefined
  readonly dns?: string | undefined
  readonly ra?: string | undefined
  readonly ipv4?: string | undefined
  readonly ipv4Gateway?: string | undefined
  readonly ipv4Range?: string | undefined
  readonly ipv4RouterAddress?: string | undefined
  readonly ipv4Dns?: string | undefined
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

/** What `create-network` is asked; core parses it, so a value that is wrong goes through as it was typed. */
export function networkRequest(name: string, options: NetworkOptions): unknown {
  return dropUndefined({
    name,
    attachment: attachment(options),
    ipv6: side({
      prefix: options.ipv6,
      gateway: options.gateway,
      range: options.range,
      router: options.routerAddress,
      dns: options.dns?.split(","),
      ra: options.ra,
    }),
    ipv4: side({
      prefix: options.ipv4,
      gateway: options.ipv4Gateway,
      range: options.ipv4Range,
      router: options.ipv4RouterAddress,
      dns: options.ipv4Dns?.split(","),
    }),
    mtu: wholeNumber(options.mtu),
    domain: options.domain,
    leaseSeconds: wholeNumber(options.lease),
    quarantineSeconds: wholeNumber(options.quarantine),
    policy: options.policy,
    portSecurity: options.portSecurity,
  })
}

/** The option that gives a field of a network, for a person who typed options and not fields. */
export function networkOption(field: string): string | undefined {
  const [option] = Object.entries(fieldsOf).find(([, name]) => field === name || field.startsWith(`${name}.`)) ?? []
  return option
}

const fieldsOf: Readonly<Record<string, string>> = {
  "--ipv6": "ipv6.prefix",
  "--gateway": "ipv6.gateway",
  "--range": "ipv6.range",
  "--router-address": "ipv6.router",
  "--dns": "ipv6.dns",
  "--ra": "ipv6.ra",
  "--ipv4": "ipv4.prefix",
  "--ipv4-gateway": "ipv4.gateway",
  "--ipv4-range": "ipv4.range",
  "--ipv4-router-address": "ipv4.router",
  "--ipv4-dns": "ipv4.dns",
  "--bridge": "attachment.bridge",
  "--vlan": "attachment.vlan",
  "--uplink": "attachment.uplink",
  "--lease": "leaseSeconds",
  "--quarantine": "quarantineSeconds",
}

/** Digits as a number; anything else as it is, for core to refuse by name. */
function wholeNumber(text: string | undefined): number | string | undefined {
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
