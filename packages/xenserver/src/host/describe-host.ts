import { type Call, type HostDescription, type HostFinding, Slash64Error } from "@slash64/core"
import { z } from "zod"
import { nicFindings } from "../nic/nic-findings.ts"
import { type Xapi, nullRef } from "../xapi/xapi.ts"
import { haveOpenVswitch } from "./port-security.ts"

const hostShape = z.object({
  name_label: z.string(),
  enabled: z.boolean(),
  metrics: z.string(),
  software_version: z.record(z.string(), z.string()),
})
const poolShape = z.object({ master: z.string(), default_SR: z.string() })
const metricsShape = z.object({ live: z.boolean() })

export async function describeHost(xapi: Xapi, { signal }: Call): Promise<HostDescription> {
  const pools = await xapi.read(z.record(z.string(), poolShape), signal, "pool.get_all_records")
  const hosts = await xapi.read(z.record(z.string(), hostShape), signal, "host.get_all_records")
  const metrics = await xapi.read(z.record(z.string(), metricsShape), signal, "host_metrics.get_all_records")
  const [pool] = Object.values(pools)
  const master = hosts[pool?.master ?? ""]
  if (pool === undefined || master === undefined) throw noMaster()
  const { product_brand: brand = "XAPI", product_version: version = "unknown" } = master.software_version
  const openVswitch = haveOpenVswitch(Object.values(hosts))
  const dead = Object.values(hosts).filter((host) => metrics[host.metrics]?.live !== true)
  return {
    hypervisor: `${brand} ${version}`,
    version,
    capabilities: {
      attachments: ["isolated", "bridge", "vlan"],
      templateFormats: ["vhd", "raw"],
      liveAttach: true,
      portSecurity: openVswitch,
      securityGroups: false,
      watch: true,
      acceleration: "xen",
    },
    findings: [
      ...findingsOf(
        pool.default_SR !== nullRef,
        openVswitch,
        dead.map((host) => host.name_label),
      ),
      ...(await nicFindings(xapi, signal)),
    ],
  }
}

function findingsOf(hasStorage: boolean, openVswitch: boolean, dead: readonly string[]): readonly HostFinding[] {
  const rows: readonly (HostFinding | false)[] = [
    !hasStorage && {
      severity: "error",
      subject: "storage",
      problem: "the pool has no default storage repository: no router can be made",
      hint: "Set one: `xe pool-param-set default-SR=UUID`.",
    },
    !openVswitch && {
      severity: "warning",
      subject: "network backend",
      problem: "not every host has the Open vSwitch backend: NICs have no port security",
      hint: "Run `xe-switch-network-backend openvswitch` on each host, and restart it.",
    },
    ...dead.map((name) => ({
      severity: "warning" as const,
      subject: `host ${name}`,
      problem: "the host is down: a new VLAN is not on it until it starts",
      hint: "Start the host, or take it out of the pool.",
    })),
  ]
  return rows.filter((row) => row !== false)
}

function noMaster(): Slash64Error {
  return new Slash64Error("UNAVAILABLE", "the pool names no master", { hint: "Call again when the pool is whole." })
}
