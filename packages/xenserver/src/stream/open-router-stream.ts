import type { Duplex } from "node:stream"
import { type Call, Slash64Error, isSlash64Error, linkLocalAddress, parseId, parseNicMac } from "@slash64/core"
import { z } from "zod"
import { readNetworks } from "../network/find-network.ts"
import type { HostParts } from "../parts.ts"
import { requireControlNetwork } from "../router/control-network.ts"
import { type OwnRouter, findOwnRouter } from "../router/find-router.ts"
import { openTcp } from "./open-tcp.ts"
import type { SshJump } from "./ssh-jump.ts"

const sshPort = 22
/** A router that is up answers in milliseconds; a longer wait only meets the longer pauses of TCP (RFC 6298). */
const connectMs = 2_000

/**
 * A stream to the router's sshd: through dom0 of the host that it runs on, where the configuration gives SSH, else from
 * here to its static control address. NOT_FOUND without the router, UNAVAILABLE while it does not answer.
 */
export async function openRouterStream(
  parts: HostParts,
  jump: SshJump | undefined,
  routerId: string,
  { signal }: Call,
): Promise<Duplex> {
  const found = await findOwnRouter(parts.xapi, parseId("router.id", routerId), signal)
  if (found === undefined) throw noRouter(routerId)
  if (found.vm.power_state !== "Running") throw silent(routerId, `it is ${found.vm.power_state.toLowerCase()}`)
  const to = { host: await controlEndpoint(parts, found, jump !== undefined, signal), port: sshPort }
  try {
    if (jump !== undefined) return await jump.openTcp(await readDom0(parts, found, signal), to, connectMs, signal)
    return await openTcp(to, connectMs, signal)
  } catch (error) {
    const isSilence = isSlash64Error(error) && (error.code === "UNAVAILABLE" || error.code === "DEADLINE_EXCEEDED")
    if (signal.aborted || !isSilence) throw error
    throw silent(routerId, error.code === "UNAVAILABLE" ? error.message : `no answer in ${connectMs} ms`, error)
  }
}

/** Its static address, or the link-local one of its control MAC on dom0's own bridge. */
async function controlEndpoint(
  { xapi, config }: HostParts,
  { router }: OwnRouter,
  throughDom0: boolean,
  signal: AbortSignal,
): Promise<string> {
  const fixed = router.controlAddress?.split("/")[0]
  if (fixed !== undefined) return fixed
  if (!throughDom0) throw noWay(router.id)
  const { bridge } = requireControlNetwork(await readNetworks(xapi, signal), config)
  return `${linkLocalAddress(parseNicMac("controlMac", router.controlMac))}%${bridge}`
}

/** The address of the host that the router runs on. */
async function readDom0({ xapi }: HostParts, { router, vm }: OwnRouter, signal: AbortSignal): Promise<string> {
  const host = await xapi.read(z.string(), signal, "VM.get_resident_on", vm.ref)
  const address = await xapi.read(z.string(), signal, "host.get_address", host)
  if (address === "") throw silent(router.id, "its host has no address")
  return address
}

function noRouter(routerId: string): Slash64Error {
  return new Slash64Error("NOT_FOUND", `the pool has no router ${routerId}`, {
    field: "routerId",
    value: routerId,
    hint: "Start the router first.",
  })
}

function noWay(routerId: string): Slash64Error {
  return new Slash64Error("FAILED_PRECONDITION", `the router ${routerId} has a link-local control address alone`, {
    field: "ssh",
    hint: "Give ssh in the host's configuration, or start the router with a static control address that is routed here.",
  })
}

function silent(routerId: string, problem: string, cause?: unknown): Slash64Error {
  return new Slash64Error("UNAVAILABLE", `the router ${routerId} does not answer on its control NIC: ${problem}`, {
    field: "routerId",
    value: routerId,
    hint: "It may still be booting; else see its console in Xen Orchestra, or with `xl console` on its host.",
    cause,
  })
}
