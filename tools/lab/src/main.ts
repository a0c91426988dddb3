import { runLab } from "./program.ts"

const controller = new AbortController()
for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => controller.abort())

process.exitCode = await runLab(process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  signal: controller.signal,
})
