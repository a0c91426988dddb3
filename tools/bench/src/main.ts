/** `npm run bench`: see `npm run bench -- --help`. */
import { runBench } from "./program.ts"
import { ProgressLine } from "./progress-line.ts"

const controller = new AbortController()
for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => controller.abort())
const line = new ProgressLine(process.stderr)

try {
  process.exitCode = await runBench(process.argv.slice(2), {
    out: (text) => {
      line.clear()
      process.stdout.write(text)
    },
    progress: (text) => line.show(text),
    signal: controller.signal,
  })
  line.clear()
} catch (error) {
  line.clear()
  const cause = error instanceof Error ? (error.stack ?? error.message) : String(error)
  process.stderr.write(`bench: ${controller.signal.aborted ? "interrupted" : cause}\n`)
  process.exitCode = controller.signal.aborted ? 130 : 1
}
