import { duidLl, isInPrefix64, parseIpv6Address, parseNicMac, parsePrefix64 } from "@slash64/core"
import { expect } from "vitest"
import type { LabRun } from "./lab-command.ts"

export interface LabAnswer {
  readonly network: { readonly prefix: string }
  readonly nic: { readonly mac: string; readonly duid: string; readonly address: string }
  readonly router: { readonly version: string; readonly bootMs: number }
  readonly guest: { readonly addresses: readonly string[]; readonly leasedAfterMs: number; readonly pingOk: boolean }
  readonly accel: string
}

/** The last line of `up --json`, which it also prints, after every promise of the road was held against it. */
export function expectLabAnswer(run: LabRun): LabAnswer {
  expect(run, run.stderr).toMatchObject({ exitCode: 0 })
  const answer: LabAnswer = JSON.parse(run.stdout.trim().split("\n").at(-1) ?? "")
  process.stdout.write(`${JSON.stringify(answer)}\n`)
  const prefix = parsePrefix64("prefix", answer.network.prefix)
  expect(isInPrefix64(prefix, parseIpv6Address("address", answer.nic.address))).toBe(true)
  expect(answer.nic.duid).toBe(duidLl(parseNicMac("mac", answer.nic.mac)))
  // What the guest itself shows is its one address of the prefix, and its link-local one.
  const global = answer.guest.addresses.filter((address) => isInPrefix64(prefix, parseIpv6Address("guest", address)))
  expect(global).toEqual([answer.nic.address])
  expect(answer.guest.pingOk).toBe(true)
  expect(answer.router.version).not.toBe("")
  expect(answer.router.bootMs).toBeGreaterThan(0)
  expect(["kvm", "tcg"]).toContain(answer.accel)
  return answer
}
