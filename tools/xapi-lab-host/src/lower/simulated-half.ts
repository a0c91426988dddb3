import type { LowerHalf, VmEnded, VmSpec } from "./lower-half.ts"

/**
 * A hypervisor without machines, as xapi's own simulator: it knows what runs and nothing else, and no guest has drivers.
 * For tests of the wire, which are quick and need no root.
 */
export function simulateHalf(ended: VmEnded): LowerHalf {
  const running = new Set<string>()
  const off = async (vmId: string): Promise<void> => {
    if (running.delete(vmId)) ended(vmId)
  }
  return {
    ensureBridge: nothing,
    ensureVlanBridge: nothing,
    removeBridge: nothing,
    ensureBond: nothing,
    removeBond: nothing,
    isRunning: (vmId) => running.has(vmId),
    startVm: async (vm: VmSpec) => void running.add(vm.id),
    powerOff: off,
    shutDown: off,
    reset: nothing,
    pause: nothing,
    unpause: nothing,
    hasDrivers: async () => false,
    hasAgent: async () => false,
    async askAgent() {
      throw new Error("no guest has an agent here")
    },
    plugPort: nothing,
    unplugPort: nothing,
    setRules: nothing,
    close: () => running.clear(),
  }
}

async function nothing(): Promise<void> {}
