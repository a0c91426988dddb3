import { spawnSync } from "node:child_process"

for (const [program, ...args] of [
  ["tsc", "-b"],
  ["oxlint", "--type-aware", "--deny-warnings"],
  ["prettier", "--check", "--log-level", "warn", "."],
  ["vitest", "run", "--project", "unit"],
] as const) {
  const { status } = spawnSync(program, args, { stdio: "inherit" })
  if (status !== 0) process.exit(status ?? 1)
}
