import { apply, plan, sweep } from "@slash64/core"
import type { PlanRequest, SweepRequest } from "@slash64/core"
import { planShape, sweepShape } from "@slash64/core/request-shapes"
import { z } from "zod"
import { planProblem } from "./records.ts"
import { forRoad } from "./route.ts"
import type { Route } from "./route.ts"

const tag = "converge"

const step = z.strictObject({
  kind: z.enum([
    "make-network",
    "start-router",
    "replace-router",
    "remove-former-router",
    "remove-router",
    "push-router",
    "detach-nic",
    "attach-nic",
  ]),
  networkId: z.string(),
  host: z.string(),
  nicId: z.string().optional(),
  vmId: z.string().optional(),
  why: z.string(),
})
const outdated = z.strictObject({
  networkId: z.string(),
  host: z.string(),
  templateVersion: z.string(),
  newest: z.string(),
})
const stray = z.strictObject({
  kind: z.enum(["nic", "router", "network", "template"]),
  id: z.string(),
  host: z.string(),
  vmId: z.string().optional(),
})
const missing = z.strictObject({
  kind: z.enum(["nic", "router"]),
  id: z.string(),
  networkId: z.string(),
  host: z.string(),
})

export const convergeRoutes: readonly Route[] = [
  {
    method: "post",
    path: "/v1/plan",
    operationId: "plan",
    tag,
    summary: "What apply would change on hosts and routers; changes nothing",
    body: planShape,
    answer: z.strictObject({ steps: z.array(step), problems: z.array(planProblem), outdated: z.array(outdated) }),
    long: true,
    handle: ({ body, call }, { rooms }) => plan(forRoad<PlanRequest>(body), rooms, call),
  },
  {
    method: "post",
    path: "/v1/apply",
    operationId: "apply",
    tag,
    summary: "Bring hosts and routers to what the store holds; a plan after it is empty",
    body: z.strictObject(planShape.shape),
    answer: z.strictObject({ done: z.array(step), problems: z.array(planProblem) }),
    long: true,
    handle: ({ body, call }, { rooms }) => apply(forRoad<PlanRequest>(body), rooms, call),
  },
  {
    method: "post",
    path: "/v1/sweep",
    operationId: "sweep",
    tag,
    summary: "Find what bears our mark on the hosts and is in no record, and the reverse; with `remove`, remove it",
    body: sweepShape,
    answer: z.strictObject({
      strays: z.array(stray),
      removed: z.array(stray),
      missing: z.array(missing),
      problems: z.array(planProblem),
    }),
    long: true,
    handle: ({ body, call }, { rooms }) => sweep(forRoad<SweepRequest>(body), rooms, call),
  },
]
