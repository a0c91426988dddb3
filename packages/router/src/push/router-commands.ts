import type { Call, MacAddress, RouterEndpoint, RouterStatus } from "@slash64/core"
import { streamArchive } from "../archive.ts"
import { parseManifest, type Manifest } from "./manifest.ts"
import type { PushPlan } from "./plan-push.ts"
import { findRefusal, parseApplied, parseStatus, type AppliedAnswer, type Refusal } from "./router-answer.ts"
import type { RouterCommand, RouterSession, RouterTimeouts } from "./router-session.ts"

/** An apply that the router took, with the bytes that were sent for it; or its refusal. */
export type ApplyOutcome =
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
    return parseStatus(await this.ask(router, "reading its status", ["status"], call), router)
  }

  /** Undefined before the first apply. */
  async manifest(router: RouterEndpoint, call: Call): Promise<Manifest | undefined> {
    const { stdout } = await this.ask(router, "reading its manifest", ["manifest"], call)
    return parseManifest(stdout)
  }

  async apply(router: RouterEndpoint, revision: number, plan: PushPlan, call: Call): Promise<ApplyOutcome> {
    let sentBytes = 0
    async function* input() {
      sentBytes = 0
      for await (const piece of streamArchive(plan.members)) {
        sentBytes += piece.length
        yield piece
      }
    }
    const words = ["apply", "--revision", String(revision), "--base", plan.base, "--digest", plan.digest]
    const result = await this.session.run(
      router,
      { ...this.command("taking its files into use", words), input, mutates: true, timeoutMs: this.timeouts.applyMs },
      call,
    )
    const refusal = findRefusal(result, router)
    if (refusal) return { kind: "refused", refusal, sentBytes }
    return { kind: "applied", answer: parseApplied(result, router), sentBytes }
  }

  async release(router: RouterEndpoint, mac: MacAddress, call: Call): Promise<void> {
    const command = { ...this.command("releasing leases", ["release", "--mac", mac]), mutates: true }
    const refusal = findRefusal(await this.session.run(router, command, call), router)
    if (refusal) throw refusal.error
  }

  close(): void {
    this.session.close()
  }

  private async ask(router: RouterEndpoint, deed: string, words: readonly string[], call: Call) {
    const result = await this.session.run(router, this.command(deed, words), call)
    const refusal = findRefusal(result, router)
    if (refusal) throw refusal.error
    return result
  }

  private command(deed: string, words: readonly string[]): RouterCommand {
    return { deed, words: ["slash64-router", ...words], mutates: false, timeoutMs: this.timeouts.commandMs }
  }
}
