import type { Duplex } from "node:stream"
import { type Call, Slash64Error, linkLocalAddress, parseNicMac } from "@slash64/core"
import type { HostParts } from "../libvirt/parts.ts"
import { findMarkedRouter } from "./find-router.ts"
import type { MarkedRouter } from "./router-xml.ts"

const sshPort = 22
/** One that is up answers in milliseconds; a longer wait only meets the longer pauses of TCP (RFC 6298). */
const connectMs = 2_000

/** A TCP stream from the host to the router's sshd, over the control bridge. */
export async function openRouterStream(parts: HostParts, routerId: string, call: Call): Promise<Duplex> {
  const found = await findMarkedRouter(parts.libvirt, routerId, call.signal)
  if (found === undefined) {
    throw new Slash64Error("NOT_FOUND", `the host has no router ${routerId}`, {
      field: "routerId",
      value: routerId,
      hint: "Start the router first.",
    })
  }
  if (!found.domain.running) throw silent(found.router, "it is switched off")
  const deadline = AbortSignal.timeout(connectMs)
  try {
    return await parts.openTcp(controlEndpoint(found.router), sshPort, AbortSignal.any([call.signal, deadline]))
  } catch (error) {
    if (call.signal.aborted) throw error
    throw silent(found.router, deadline.aborted ? `no answer in ${connectMs} ms` : wordsOf(error), error)
  }
}

/** What the host connects to: the static address, or the link-local one with the control bridge as its zone. */
export function controlEndpoint(router: MarkedRouter): string {
  const fixed = router.controlAddress?.split("/")[0]
  return fixed ?? `${linkLocalAddress(parseNicMac("controlMac", router.controlMac))}%${router.controlNetwork}`
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function silent(router: MarkedRouter, problem: string, cause?: unknown): Slash64Error {
  return new Slash64Error("UNAVAILABLE", `the router ${router.id} does not answer on its control NIC: ${problem}`, {
    field: "routerId",
    value: router.id,
    hint: "It may still be booting; else see its console log on the host, in /var/log/libvirt.",
    cause,
  })
}
