import type { ControlDeeds } from "../control/control-call.ts"
import type { XapiLabHost } from "../lab-host.ts"
import type { SwitchHost } from "../lower/switch-host.ts"
import type { ShownPool } from "./run-pool.ts"

/** What the program does on request. */
export function controlDeeds(
  pool: XapiLabHost,
  hosts: readonly SwitchHost[],
  shown: ShownPool,
  stop: () => void,
): ControlDeeds {
  return {
    show: () => shown,
    disturb: ({ call, disturbance, times }) => pool.disturb(call, disturbance, times),
    "become-master": ({ host }) => pool.becomeMaster(host),
    "take-down": ({ host }) => pool.takeDown(host),
    "bring-up": ({ host }) => pool.bringUp(host),
    "ask-agent": ({ vm, command, words }) => pool.askAgent(vm, command, words),
    "read-console": ({ vm }) => readConsole(hosts, vm),
    stop,
  }
}

/** A VM that has run on several hosts has a console of each; the last that wrote is not known, so all are given. */
async function readConsole(hosts: readonly SwitchHost[], vm: string): Promise<string> {
  const texts = await Promise.all(hosts.map((host) => host.readConsole(vm).catch(() => "")))
  return texts.join("")
}
