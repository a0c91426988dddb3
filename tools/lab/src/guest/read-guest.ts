import { readFile } from "node:fs/promises"
import { setTimeout as delay } from "node:timers/promises"
import { Slash64Error } from "@slash64/core"
import { z } from "zod"
import type { GuestAgent } from "./guest-agent.ts"

const linksShape = z.array(
  z.object({
    address: z.string().optional(),
    addr_info: z.array(z.object({ family: z.string(), local: z.string() })),
  }),
)

/** Waits until the guest has booted and its agent answers. DEADLINE_EXCEEDED, with what its console said. */
export async function waitForGuest(agent: GuestAgent, consoleLog: string, timeoutMs: number): Promise<void> {
  const deadline = Date.now() + timeoutMs
  while (!(await agent.ready())) {
    if (Date.now() > deadline) {
      throw new Slash64Error("DEADLINE_EXCEEDED", `the guest did not boot in ${timeoutMs / 1000} s`, {
        hint: `Its console ended with:\n${await lastLines(consoleLog)}`,
      })
    }
    await delay(100)
  }
}

/** The IPv6 addresses that the guest itself shows on the NIC of this MAC, by `ip addr` run in it. */
export async function readGuestAddresses(agent: GuestAgent, mac: string): Promise<readonly string[]> {
  const { output } = await agent.run("/bin/ip", "-json", "addr", "show")
  const links = linksShape.parse(JSON.parse(output))
  const nic = links.find((link) => link.address?.toLowerCase() === mac.toLowerCase())
  return nic?.addr_info.filter(({ family }) => family === "inet6").map(({ local }) => local) ?? []
}

/** Waits until the guest shows `address` on that NIC. DEADLINE_EXCEEDED, with what its DHCP client said. */
export async function waitForAddress(
  agent: GuestAgent,
  mac: string,
  address: string,
  timeoutMs: number,
): Promise<readonly string[]> {
  const deadline = Date.now() + timeoutMs
  for (;;) {
    const addresses = await readGuestAddresses(agent, mac)
    if (addresses.includes(address)) return addresses
    if (Date.now() > deadline) {
      const log = await agent.run("/bin/sh", "-c", "tail -n 15 /run/dhclient-*.log")
      throw new Slash64Error("DEADLINE_EXCEEDED", `the guest has not shown ${address} in ${timeoutMs / 1000} s`, {
        hint: `It shows ${addresses.join(", ") || "no address"} on ${mac}. Its DHCP client said:\n${log.output.trim()}`,
      })
    }
    await delay(100)
  }
}

/** Whether the guest has an answer from `address` to its ping. */
export async function pingFromGuest(agent: GuestAgent, address: string): Promise<boolean> {
  const { status } = await agent.run("/bin/ping", "-6", "-n", "-q", "-c", "3", "-i", "0.3", "-w", "10", address)
  return status === 0
}

async function lastLines(file: string): Promise<string> {
  const text = await readFile(file, "utf8").catch(() => "")
  return text.trim().split("\n").slice(-10).join("\n") || "(nothing)"
}
