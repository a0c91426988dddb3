import type { TemplateBuilder } from "../world.ts"

/** The builder of the checkout that this program stands in; undefined where it was installed as a package. */
export async function findTemplateBuilder(): Promise<TemplateBuilder | undefined> {
  try {
    const { buildTemplate } = await import("@slash64/tool-systemvm")
    return ({ outDir, formats, signal, report }) =>
      buildTemplate({
        outDir,
        formats,
        installMissing: true,
        signal,
        report: ({ step, done, total }) => report({ step: `building the template: ${step}`, done, total }),
      })
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND") return undefined
    throw error
  }
}
