import { Slash64Error, type Call, type PushResult, type RouterEndpoint, type RouterState } from "@slash64/core"
import type { HostRenderer } from "../render/render-hosts.ts"
import { renderSettings } from "../render/render-router.ts"
import { manifestOf, type HeldState } from "./manifest.ts"
import { planPush } from "./plan-push.ts"
import type { AppliedAnswer } from "./router-answer.ts"
import type { RouterCommands } from "./router-commands.ts"

export interface PushedState {
  readonly result: PushResult
  /** What the router holds now: the base of the next push. */
  readonly held: HeldState
}

/** What stays of a router from push to push. */
export interface KnownRouter {
  readonly renderer: HostRenderer
  held: HeldState | undefined
}

/** Brings a router to a state: what differs from its base is sent, and where the base was wrong, more. */
export async function pushState(
  commands: RouterCommands,
  router: RouterEndpoint,
  state: RouterState,
  { renderer, held }: Readonly<KnownRouter>,
  call: Call,
): Promise<PushedState> {
  const hosts = renderer.render(state.reservations)
  const settings = renderSettings(state)
  const manifest = manifestOf(settings, hosts)
  let sentBytes = 0

  for await (const base of basesToTry(commands, router, held, call)) {
    const plan = planPush({ settings, hosts, manifest }, base)
    call.report({ step: `sending ${plan.changedFiles} files to router ${router.routerId}` })
    const outcome = await commands.push(router, state.revision, plan, call)
    sentBytes += outcome.sentBytes
    if (outcome.kind === "applied") {
      checkReadBack(router, state, manifest.digest, outcome.answer)
      const { revision, generation } = outcome.answer
      return {
        result: { revision, generation, changedFiles: plan.changedFiles, sentBytes },
        held: { manifest, hosts: hosts.lines },
      }
    }
    if (outcome.refusal.code !== "BASE") throw outcome.refusal.error
  }
  throw new Slash64Error("INTERNAL", `router ${router.routerId} refused a full set for its base`, {
    hint: "the router's template and this driver may be of different versions: start the router from this template",
  })
}

/**
 * What the router may hold: the manifest that it was last known to have; where another pusher was there meanwhile,
 * the one that it has now; and where somebody changed a file on it, nothing, which is a full set and has no base.
 */
async function* basesToTry(
  commands: RouterCommands,
  router: RouterEndpoint,
  known: HeldState | undefined,
  call: Call,
): AsyncGenerator<HeldState | undefined> {
  if (known) yield known
  const present = await commands.manifest(router, call)
  if (present && present.manifest.digest !== known?.manifest.digest) yield present
  yield undefined
}

function checkReadBack(router: RouterEndpoint, state: RouterState, digest: string, answer: AppliedAnswer): void {
  if (answer.digest === digest && answer.revision === state.revision) return
  const words = `router ${router.routerId} holds revision ${answer.revision}, digest ${answer.digest}`
  throw new Slash64Error("DATA_LOSS", `${words}, and ${state.revision}, ${digest} was sent`, {
    hint: "push again",
  })
}
