import type { Bench, Check } from "../bench.ts"

export type Power = "running" | "halted"

/** Each for a running and for a halted VM. */
export function powered(
  behaviour: string,
  run: (bench: Bench, vmId: string, power: Power) => Promise<void>,
): readonly Check[] {
  return (["running", "halted"] as const).map((power) => ({
    name: `${behaviour} (${power} VM)`,
    run: async (bench) => run(bench, bench.vm(power), power),
  }))
}
