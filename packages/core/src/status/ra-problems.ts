import type { SharedNetwork } from "../network/records.ts"
import type { PlanProblem } from "../roads/plan-step.ts"
import type { RouterStatus } from "../router/router-control.ts"

/** What the routers that were heard on a network's link do to its guests. */
export function raProblems(
  { name, ipv6 }: SharedNetwork,
  { advertisers = [] }: Pick<RouterStatus, "advertisers">,
): readonly PlanProblem[] {
  if (ipv6 === undefined) return []
  const subject = `network ${name}`
  const all = advertisers.map(({ address }) => address).join(", ")
  return [
    ...(ipv6.ra === "router" && advertisers.length > 0
      ? [
          {
            subject,
            problem: `${all} advertises beside the router VM`,
            hint: "Stop it, or make the network with --ra external",
          },
        ]
      : []),
    ...(ipv6.ra === "external" && advertisers.length > 1
      ? [
          {
            subject,
            problem: `${advertisers.length} routers advertise, and a guest may take any of them: ${all}`,
            hint: "Stop all but one of them",
          },
        ]
      : []),
    ...advertisers
      .filter(({ managed }) => !managed)
      .map(({ address }) => ({
        subject,
        problem: `the RA of ${address} lacks the managed flag (M): guests ask for no address`,
        hint: "Set it there",
      })),
    ...advertisers
      .filter(({ autonomous }) => autonomous)
      .map(({ address }) => ({
        subject,
        problem: `the RA of ${address} has the autonomous flag (A): guests make addresses of their own, which port security, where it is on, drops`,
        hint: "Clear it there",
      })),
  ]
}
