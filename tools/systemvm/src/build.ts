import { parseArgs } from "node:util"
import { buildTemplate, templateFormats } from "./build-template.ts"

const { values } = parseArgs({
  options: { out: { type: "string", default: ".cache/systemvm/out" }, format: { type: "string", default: "qcow2" } },
})
const format = templateFormats.find((known) => known === values.format)
if (format === undefined) throw new Error(`--format ${values.format}: one of ${templateFormats.join(", ")}`)
const startedAt = performance.now()
const manifest = await buildTemplate({
  outDir: values.out,
  formats: [format],
  report: ({ step, done, total }) => process.stderr.write(`[${done + 1}/${total}] ${step}\n`),
})
const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
const mebibytes = (manifest.sizeBytes / 1024 ** 2).toFixed(1)
process.stdout.write(`${manifest.file}: ${mebibytes} MiB (target 40), built in ${seconds} s (target 90)\n`)
