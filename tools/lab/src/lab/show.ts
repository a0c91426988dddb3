import type { LabAnswer } from "./bring-up.ts"
import type { LabStatus } from "./read-status.ts"

export function showAnswer(answer: LabAnswer, elapsedMs: number): string {
  const { network, nic, router, guest, accel } = answer
  return rows([
    ["network", network.prefix],
    ["NIC", `${nic.mac}  ${nic.duid}`],
    ["its address", nic.address],
    ["guest shows", guest.addresses.join(", ")],
    ["after attach", `${(guest.leasedAfterMs / 1000).toFixed(1)} s`],
    ["ping of router", guest.pingOk ? "answered" : "no answer"],
    ["router", `${router.version}, booted in ${(router.bootMs / 1000).toFixed(1)} s (${accel})`],
    ["all of it", `${(elapsedMs / 1000).toFixed(1)} s`],
  ])
}

export function showStatus(status: LabStatus): string {
  const { choices, network, router, nic, guest } = status
  const services = Object.entries(router?.services ?? {}).map(([name, state]) => `${name} ${state}`)
  return rows([
    ["lab", status.up ? "up" : choices === undefined ? "there is none" : "not whole"],
    [
      "made as",
      choices && (choices.xenserver ? `xenserver, ${choices.network}` : `${choices.network}, ${choices.via}`),
    ],
    ["libvirtd", status.libvirtd],
    ["XAPI lab host", status.pool],
    ["network", network && `${network.name}  ${network.prefix}`],
    ["router", router && `${router.version}, revision ${router.revision}: ${services.join(", ")}`],
    ["NIC", nic && `${nic.mac}  ${nic.address}  ${nic.state}`],
    ["guest", guest && `${guest.state}, shows ${guest.addresses.join(", ") || "no address"}`],
    ...status.problems.map((problem): Row => ["problem", problem]),
  ])
}

type Row = readonly [string, string | undefined]

function rows(lines: readonly Row[]): string {
  const shown = lines.flatMap(([name, value]) => (value === undefined ? [] : [{ name, value }]))
  const width = Math.max(...shown.map(({ name }) => name.length))
  return shown.map(({ name, value }) => `${name.padEnd(width)}  ${value}\n`).join("")
}
