import { invalid } from "../errors.ts"
import { planInterval, planRanges, uniteRanges } from "./address-ranges.ts"
import type { AddressRange, RangeScope } from "./address-ranges.ts"

export interface GivenRanges<Address extends string> {
  /** As the caller spells it: `ipv6.range` or `ipv6.ranges`. */
  readonly field: string
  readonly ranges: readonly AddressRange<Address>[]
}

/**
 * The ranges of a side as they were given: `range` for one, or `ranges` for several; `whole` where neither was.
 * Records from before networks had several ranges bear `range` too. Throws INVALID_ARGUMENT.
 */
export function planGivenRanges<Address extends string>(
  request: { readonly range?: unknown; readonly ranges?: readonly unknown[] | undefined },
  scope: RangeScope<Address>,
  whole: AddressRange<Address>,
): GivenRanges<Address> {
  const [one, several] = [`${scope.family.name}.range`, `${scope.family.name}.ranges`]
  if (request.range !== undefined) {
    if (request.ranges !== undefined)
      throw invalid(one, request.range, `stands beside ${several}`, `give all of them in ${several}`)
    return { field: one, ranges: uniteRanges(one, [planInterval(one, request.range, scope)], [], scope.family) }
  }
  if (request.ranges === undefined) return { field: several, ranges: [whole] }
  if (request.ranges.length === 0)
    throw invalid(several, request.ranges, "is empty", "give a range, or leave it out for the whole prefix")
  return { field: several, ranges: planRanges(several, request.ranges, scope) }
}
