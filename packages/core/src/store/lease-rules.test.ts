import { describe, expect, it } from "vitest"
import { newLease, takenLease } from "./lease-rules.ts"

const kept = { fence: 4, holder: "a", takenAt: 1000, endsAt: 2000 }
const lease = { networkId: "lab", holder: "b", fence: 5 }

describe("takenLease", () => {
  it.for([
    ["is new", newLease, 0, { lease: { ...lease, fence: 1 } }],
    ["was given back", { fence: 4, takenAt: 1000, endsAt: 2000 }, 1500, { lease }],
    ["stands", kept, 1999, { heldBy: "a" }],
    ["is over", kept, 2000, { lease, takenFrom: "a" }],
    ["stands, as it was just taken", kept, 1000, { heldBy: "a" }],
    ["is of a time that a clock which was set back has not seen", kept, 999, { lease, takenFrom: "a" }],
  ] as const)("answers where the lease %s", ([, stored, now, answer]) => {
    expect(takenLease(stored, { networkId: "lab", holder: "b", now })).toEqual(answer)
  })

  it("gives its holder the same one, also when its time is over", () => {
    for (const now of [1500, 9000])
      expect(takenLease(kept, { networkId: "lab", holder: "a", now })).toEqual({
        lease: { ...lease, holder: "a", fence: 4 },
      })
  })
})
