import { Slash64Error, quote } from "../errors.ts"
import type { RouterVm, TemplateRecord } from "../network/records.ts"
import type { HostCapabilities } from "../plugin/hypervisor-plugin.ts"

const everyFormat = ["qcow2", "raw", "vhd"] as const

/** The one that is named, or the newest in the format that suits the host best. */
export function chooseTemplate(
  templates: readonly TemplateRecord[],
  digest: string | undefined,
  { templateFormats = everyFormat }: Pick<HostCapabilities, "templateFormats">,
): TemplateRecord {
  const fits = ({ format }: TemplateRecord): boolean => templateFormats.includes(format)
  if (digest !== undefined) {
    const named = findTemplate(templates, digest)
    if (fits(named)) return named
    throw unfit(`router template ${named.version} is a ${named.format} image`, templateFormats)
  }
  const newest = templates.toSorted((a, b) => (a.registeredAt < b.registeredAt ? 1 : -1)).find(fits)
  if (newest === undefined && templates.length > 0) throw unfit("no router template is an image", templateFormats)
  if (newest === undefined) throw unregistered("no router template is registered", "")
  const same = templates.filter((one) => one.version === newest.version && fits(one))
  return templateFormats.flatMap((format) => same.find((one) => one.format === format) ?? [])[0] ?? newest
}

/** The template that a VM is made from; on a host that does not take its format, another of the same version. */
export function templateLike(
  templates: readonly TemplateRecord[],
  { templateDigest, templateVersion }: RouterVm,
  { templateFormats = everyFormat }: Pick<HostCapabilities, "templateFormats">,
): TemplateRecord {
  const own = templates.find(({ digest }) => digest === templateDigest)
  if (own !== undefined && templateFormats.includes(own.format)) return own
  const same = templates.filter(({ version }) => version === templateVersion)
  const fitting = templateFormats.flatMap((format) => same.find((one) => one.format === format) ?? [])[0]
  if (fitting !== undefined) return fitting
  if (own === undefined)
    throw unregistered(`router template ${quote(templateDigest)} is not registered`, templateDigest)
  throw unfit(`router template ${templateVersion} is no image`, templateFormats)
}

/** One of the same format that was registered after it: a VM of this template is outdated. */
export function newerTemplate(templates: readonly TemplateRecord[], digest: string): TemplateRecord | undefined {
  const own = templates.find((one) => one.digest === digest)
  return templates
    .filter(({ format, registeredAt }) => own !== undefined && format === own.format && registeredAt > own.registeredAt)
    .toSorted((a, b) => (a.registeredAt < b.registeredAt ? 1 : -1))[0]
}

/** NOT_FOUND when it was not registered. */
export function findTemplate(templates: readonly TemplateRecord[], digest: string): TemplateRecord {
  const found = templates.find((one) => one.digest === digest)
  if (found !== undefined) return found
  throw unregistered(`router template ${quote(digest)} is not registered`, digest)
}

function unregistered(problem: string, digest: string): Slash64Error {
  return new Slash64Error("NOT_FOUND", problem, {
    field: "template",
    value: quote(digest),
    hint: "Build or register one: slash64 template build, or slash64 template register.",
  })
}

function unfit(problem: string, formats: readonly string[]): Slash64Error {
  return new Slash64Error("FAILED_PRECONDITION", `${problem}, and this host takes ${formats.join(" or ")}`, {
    field: "template",
    value: formats.join(", "),
    hint: `Build one that fits: slash64 template build --format ${formats[0] ?? ""}.`,
  })
}
