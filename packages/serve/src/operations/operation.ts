import { z } from "zod"
import { problemShape } from "../problem.ts"

/** Long work, as a client sees it. */
export const operationShape = z.strictObject({
  id: z.string().meta({ description: "Later operations have later ids" }),
  kind: z.string().meta({ description: "The `operationId` of what was asked" }),
  target: z.string().meta({ description: "The path of what it is done to" }),
  state: z.enum(["running", "succeeded", "failed", "cancelled"]),
  requestId: z.string(),
  startedAt: z.string().meta({ format: "date-time" }),
  endedAt: z.string().meta({ format: "date-time" }).optional(),
  progress: z
    .strictObject({
      step: z.string(),
      done: z.number().optional(),
      total: z.number().optional(),
      unit: z.literal("bytes").optional(),
    })
    .optional(),
  result: z.unknown().meta({ description: "When it has succeeded: what the work gives" }).optional(),
  error: problemShape.optional(),
})
export type Operation = z.output<typeof operationShape>
