import { type Ref, bool, text } from "../../model/types.ts"
import type { World } from "../../world.ts"
import { type Method, method } from "../method.ts"
import { type PowerState, needPower } from "../power.ts"
import { startVm } from "../start-vm.ts"

export const powerMethods: readonly Method[] = [
  method("VM.start", {
    params: { self: text, start_paused: bool, force: bool },
    run: ({ self, start_paused }, world) => world.turns.run(self, () => startVm(world, self, { paused: start_paused })),
  }),
  method("VM.start_on", {
    params: { self: text, host: text, start_paused: bool, force: bool },
    run: ({ self, host, start_paused }, world) =>
      world.turns.run(self, () => startVm(world, self, { paused: start_paused, host })),
  }),
  method("VM.hard_shutdown", {
    params: { self: text },
    // It does not wait its turn: it is what ends a shutdown that the guest does not follow.
    async run({ self }, world) {
      const { resident_on, uuid } = needPower(world, self, "Paused", "Suspended", "Running")
      await world.below(resident_on).powerOff(uuid)
    },
  }),
  change("clean_shutdown", ["Running"], (below, id, signal) => below.shutDown(id, signal)),
  change("hard_reboot", ["Paused", "Running"], (below, id) => below.reset(id)),
  change("pause", ["Running"], (below, id) => below.pause(id), "Paused"),
  change("unpause", ["Paused"], (below, id) => below.unpause(id), "Running"),
]

function change(
  verb: string,
  from: readonly PowerState[],
  deed: (below: ReturnType<World["below"]>, vmId: string, signal: AbortSignal) => Promise<void>,
  to?: PowerState,
): Method {
  return method(`VM.${verb}`, {
    params: { self: text },
    run: ({ self }, world, { signal }) => world.turns.run(self, () => run(self, world, signal)),
  })

  async function run(vm: Ref, world: World, signal: AbortSignal): Promise<void> {
    const { resident_on, uuid } = needPower(world, vm, ...from)
    await deed(world.below(resident_on), uuid, signal)
    if (to !== undefined) world.db.set("VM", vm, { power_state: to })
  }
}
