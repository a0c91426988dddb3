import { runLabHost } from "./program/program.ts"

const controller = new AbortController()
for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => controller.abort())

process.exitCode = await runLabHost(process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  signal: controller.signal,
})
