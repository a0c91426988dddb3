import { segmentOf } from "@slash64/core"
import type { AddressCounts, HostStatus, NetworkStatus, NicStatus, PlanProblem } from "@slash64/core"
import { html } from "hono/html"
import type { Section } from "./document.ts"
import { code, htmlTable, lines, shownText } from "./html-table.ts"
import type { Cell, Html } from "./html-table.ts"
import { nicRow, remarks } from "./nic-row.ts"

/** What is wrong, and what to do: of hosts, networks and routers, and of the NICs that the page shows. */
export function problemSection(problems: readonly PlanProblem[], nics: readonly NicStatus[]): Section {
  const ofNics = nics
    .map(({ nic, problems: all }) => ({ nic, wrong: all.filter(({ isWrong }) => isWrong) }))
    .filter(({ wrong }) => wrong.length > 0)
  const rows: readonly (readonly Cell[])[] = [
    ...problems.map(({ subject, problem, hint }) => [
      subject,
      html`<span class="wrong">${shownText(problem)}</span>`,
      hint,
    ]),
    ...ofNics.map(({ nic, wrong }) => [
      `NIC ${nic.id}`,
      remarks(wrong),
      html`Look at <a href="#nic-${nic.id}">its row below</a>; slash64 guest-config ${nic.id} has its guest's set-up.`,
    ]),
  ]
  return {
    id: "problems",
    heading: rows.length === 0 ? "Nothing is wrong" : `What is wrong (${rows.length})`,
    content: htmlTable({
      id: "problem-table",
      caption: "What needs a person, and what to do",
      head: ["Where", "What is wrong", "What to do"],
      rows,
      empty: "What is shown below is as it should be.",
    }),
  }
}

export function networkSection(networks: readonly NetworkStatus[], more?: Html): Section {
  const table = htmlTable({
    id: "network-table",
    caption: "Networks, and how many addresses each has",
    head: ["Network", "Prefix", "On", "NICs", "Addresses in all", "Held", "At rest", "Free", "State"],
    rows: networks.map(({ network, nics, counts, problems }) => {
      const families = [counts.ipv6, counts.ipv4].filter((one) => one !== undefined)
      const count = (of: (one: AddressCounts) => bigint): Html => lines(families.map((one) => amount(of(one))))
      return [
        html`<a href="/networks/${encodeURIComponent(network.id)}">${shownText(network.name)}</a>`,
        lines([network.ipv6?.prefix, network.ipv4?.prefix].filter((one) => one !== undefined).map(code)),
        segmentOf(network.attachment) ?? network.attachment.kind,
        nics,
        count(({ capacity }) => capacity),
        count(({ held, heldExcluded }) => held + heldExcluded),
        count(({ resting }) => resting),
        count(({ free }) => free),
        state(problems),
      ]
    }),
    empty: "There is no network. Make one: slash64 network create.",
  })
  return { id: "networks", heading: "Networks", content: html`${table}${more}` }
}

export function routerSection(networks: readonly NetworkStatus[]): Section {
  return {
    id: "routers",
    heading: "Routers",
    content: htmlTable({
      id: "router-table",
      caption: "The router VM of each network, and what it says of itself",
      head: ["Network", "Host", "State", "Version", "Generation", "Revision", "Services", "Leases"],
      rows: networks.flatMap(({ network, router, routerStatus, revision }) =>
        router === undefined
          ? []
          : [
              [
                network.name,
                router.host,
                routerStatus === undefined && router.state === "running" ? "does not answer" : router.state,
                routerStatus?.version ?? `${router.templateVersion} (template)`,
                routerStatus?.generation ?? "not known",
                routerStatus === undefined ? `? of ${revision}` : `${routerStatus.revision} of ${revision}`,
                lines(Object.entries(routerStatus?.services ?? {}).map(([name, is]) => `${name} ${is}`)),
                routerStatus?.leases.length ?? "not known",
              ],
            ],
      ),
      empty: "There is no router. Start one: slash64 router start.",
    }),
  }
}

export function hostSection(hosts: readonly HostStatus[]): Section {
  return {
    id: "hosts",
    heading: "Hosts",
    content: htmlTable({
      id: "host-table",
      caption: "The hosts that networks and routers run on",
      head: ["Host", "Plugin", "Hypervisor", "Acceleration", "State"],
      rows: hosts.map(({ name, plugin, hypervisor, version, acceleration, problems }) => [
        name,
        plugin,
        hypervisor === undefined ? "not known" : `${hypervisor} ${version ?? ""}`.trim(),
        acceleration ?? "not known",
        state(problems),
      ]),
      empty: "There is no host. Add one: slash64 host add.",
    }),
  }
}

export function nicSection(nics: readonly NicStatus[], more?: Html): Section {
  const table = htmlTable({
    id: "nic-table",
    caption: "NICs: the address that each was given, beside the router's lease and what its guest shows",
    head: ["NIC", "Network", "VM", "Assigned", "Leased", "Observed", "State", "Remarks"],
    rows: nics.map(nicRow),
    empty: "There is no NIC. Attach one: slash64 nic attach.",
  })
  return { id: "nics", heading: "NICs", content: html`${table}${more}` }
}

/** The link to the page behind. */
export function moreLink(address: string, words: string): Html {
  return html`<p><a href="${address}">${words}</a></p>`
}

function state(problems: readonly PlanProblem[]): Cell {
  return problems.length === 0 ? "ok" : html`<span class="wrong">see above</span>`
}

/** A count of up to 128 bits as a person reads it. */
function amount(count: bigint): string {
  if (count < 1_000_000n) return count.toLocaleString("en")
  const exponent = count.toString(2).length - 1
  return 1n << BigInt(exponent) === count ? `2^${exponent}` : `almost 2^${count.toString(2).length}`
}
