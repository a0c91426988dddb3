import { promisify } from "node:util"
import { gzip } from "node:zlib"
import type { Call, MacAddress, RouterEndpoint, RouterStatus } from "@slash64/core"
import { parseHeldState, type HeldState } from "./manifest.ts"
import type { PushPlan } from "./plan-push.ts"
import { findRefusal, parseApplied, parseStatus, type AppliedAnswer, type Refusal } from "./router-answer.ts"
import type { ProgramRequest } from "./router-program.ts"
import type { RouterCommand, RouterSession, RouterTimeouts } from "./router-session.ts"

/** A change or an apply that the router took, with the bytes that were sent for it; or its refusal. */
export type PushOutcome =
  | { readonly kind: "applied"; readonly answer: AppliedAnswer; readonly sentBytes: number }
  | { readonly kind: "refused"; readonly refusal: Refusal; readonly sentBytes: number }

/** The commands of `slash64-router` (docs/router-protocol.md) on one router. */
export class RouterCommands {
  private readonly session: RouterSession
  private readonly timeouts: RouterTimeouts

  constructor(session: RouterSession, timeouts: RouterTimeouts) {
    this.session = session
    this.timeouts = timeouts
  }

  async status(router: RouterEndpoint, call: Call): Promise<RouterStatus> {
    return parseStatus(await this.ask(router, "reading its status", "status", call), router)
  }

  /** Undefined before the first apply. */
  async manifest(router: RouterEndpoint, call: Call): Promise<HeldState | undefined> {
    const { text } = await this.ask(router, "reading its manifest", "manifest", call)
    return parseHeldState(text)
  }

  async push(router: RouterEndpoint, revision: number, plan: PushPlan, call: Call): Promise<PushOutcome> {
    const request = await renderRequest(revision, plan)
    const command: RouterCommand = {
      deed: "taking its files into use",
      request,
      mutates: true,
      timeoutMs: this.timeouts.applyMs,
    }
    const answer = await this.session.run(router, command, call)
    const sentBytes = request.line.length + 1 + (request.body?.length ?? 0)
    const refusal = findRefusal(answer, router)
    if (refusal) return { kind: "refused", refusal, sentBytes }
    return { kind: "applied", answer: parseApplied(answer, router), sentBytes }
  }

  async release(router: RouterEndpoint, mac: MacAddress, call: Call): Promise<void> {
    const command = { ...this.command("releasing leases", `release --mac ${mac}`), mutates: true }
    const refusal = findRefusal(await this.session.run(router, command, call), router)
    if (refusal) throw refusal.error
  }

  /** As lines of dnsmasq's lease file. */
  async leases(router: RouterEndpoint, call: Call): Promise<string> {
    return (await this.ask(router, "reading its leases", "leases", call)).text
  }

  async restore(router: RouterEndpoint, leases: string, call: Call): Promise<void> {
    const body = Buffer.from(leases)
    const request = { line: `restore ${body.length}`, body }
    const command: RouterCommand = {
      deed: "restoring leases",
      request,
      mutates: true,
      timeoutMs: this.timeouts.applyMs,
    }
    const refusal = findRefusal(await this.session.run(router, command, call), router)
    if (refusal) throw refusal.error
  }

  close(): void {
    this.session.close()
  }

  private async ask(router: RouterEndpoint, deed: string, line: string, call: Call) {
    const answer = await this.session.run(router, this.command(deed, line), call)
    const refusal = findRefusal(answer, router)
    if (refusal) throw refusal.error
    return answer
  }

  private command(deed: string, line: string): RouterCommand {
    return { deed, request: { line }, mutates: false, timeoutMs: this.timeouts.commandMs }
  }
}

/** The files go compressed: encryption costs a router without hardware virtualization more than unpacking. */
async function renderRequest(revision: number, plan: PushPlan): Promise<ProgramRequest> {
  const state = `${revision} ${plan.base} ${plan.digest}`
  if (plan.kind === "change") return { line: ["change", state, ...plan.changes].join(" ") }
  const contents = plan.files.map(([path, text]) => [path, Buffer.from(text)] as const)
  const body = await promisify(gzip)(Buffer.concat(contents.map(([, bytes]) => bytes)), { level: 1 })
  const sizes = contents.map(([path, bytes]) => `${path}:${bytes.length}`)
  return { line: `apply ${body.length} ${state} ${sizes.join(" ")}`, body }
}
