import { mkdir } from "node:fs/promises"
import { join, resolve } from "node:path"
import { Slash64Error } from "@slash64/core"
import type { Answer } from "../answer.ts"
import type { Session } from "../session.ts"
import { registerTemplate } from "./register-template.ts"

export interface BuildOptions {
  readonly out?: string | undefined
  readonly format: readonly ("qcow2" | "raw" | "vhd")[]
}

export async function buildTemplate(session: Session, options: BuildOptions): Promise<Answer> {
  const build = await session.world.findTemplateBuilder()
  if (build === undefined) {
    throw new Slash64Error("UNIMPLEMENTED", "this installation cannot build a template", {
      hint: "Build it in a checkout of slash64, then: slash64 template register MANIFEST.",
    })
  }
  const outDir = options.out === undefined ? join(session.paths.folder, "templates") : resolve(options.out)
  await mkdir(outDir, { recursive: true })
  const { call } = session
  await build({ outDir, formats: options.format, signal: call.signal, report: (progress) => call.report(progress) })
  return registerTemplate(session, join(outDir, "manifest.json"))
}
