import { compareObserved } from "@slash64/core"
import type { NicRemark, NicStatus, ObservedAddress, RouterLease } from "@slash64/core"
import { html } from "hono/html"
import { code, lines, shownText } from "./html-table.ts"
import type { Cell, Html } from "./html-table.ts"

/** A NIC as cells, as `nicSection` heads them: what it was given beside what is. */
export function nicRow({ nic, port, leases, observed, problems }: NicStatus): readonly Cell[] {
  return [
    html`<span id="nic-${nic.id}">${shownText(nic.hostname)}</span>${lines([code(nic.id)])}`,
    html`<a href="/networks/${encodeURIComponent(nic.networkId)}">${nic.networkId}</a>`,
    lines([code(nic.vmId), `on ${nic.host}`]),
    lines([nic.ipv6, nic.ipv4].filter((one) => one !== undefined).map(code)),
    leases === undefined ? "not known" : lines(leases.map(lease)),
    observed === undefined ? "not known" : lines(compareObserved(nic, observed.addresses).map(observedAddress)),
    lines([nic.state, port === undefined ? undefined : port.live ? "plugged live" : "VM does not run"].filter(Boolean)),
    remarks(problems),
  ]
}

/** What is to be said of a NIC: the first of it. */
export function remarks(problems: readonly NicRemark[]): Html {
  return lines(
    problems.map(({ isWrong, text }) => (isWrong ? html`<span class="wrong">${shownText(text)}</span>` : text)),
    4,
  )
}

function lease({ address, expiresAt }: RouterLease): Html {
  const until = new Date(expiresAt * 1000).toISOString()
  return html`${code(address)} until <time datetime="${until}">${until.slice(11, 19)}</time>`
}

function observedAddress({ address, kind }: ObservedAddress): Html {
  if (kind === "strange") return html`${code(address)} <strong class="wrong">not assigned</strong>`
  return html`${code(address)}${kind === "link-local" && html` <span class="quiet">link-local</span>`}`
}
