import { describe } from "vitest"
import { describeAddresses } from "./address-suite.ts"
import { describeNetworkChanges } from "./change-suite.ts"
import { describeFamilyRaces } from "./family-race-suite.ts"
import { describeFamilies } from "./family-suite.ts"
import { describeLeases } from "./lease-suite.ts"
import { describeModel } from "./model-suite.ts"
import { describeNetworks } from "./network-suite.ts"
import { describeNics } from "./nic-suite.ts"
import { describePoolChanges } from "./pool-change-suite.ts"
import { describePoolModel } from "./pool-model-suite.ts"
import { describePools } from "./pool-suite.ts"
import { describeRecords } from "./record-suite.ts"
import { describeSecret } from "./secret-suite.ts"
import { describeTransfer } from "./transfer-suite.ts"
import type { StoreSuiteOptions } from "./store-bench.ts"

/** What every store must do, as a vitest suite. */
export function describeStore(options: StoreSuiteOptions): void {
  describe(`store on ${options.name}`, () => {
    describeNetworks(options)
    describeNetworkChanges(options)
    describeFamilies(options)
    describeFamilyRaces(options)
    describeNics(options)
    describeAddresses(options)
    describePools(options)
    describePoolChanges(options)
    describePoolModel(options)
    describeLeases(options)
    describeRecords(options)
    describeModel(options)
    describeSecret(options)
    describeTransfer(options)
  })
}
