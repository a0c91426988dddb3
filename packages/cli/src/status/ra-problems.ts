import type { RouterStatus, SharedNetwork } from "@slash64/core"

/** What the routers that were heard on a network's link do to its guests. */
export function raProblems(
  { name, ipv6 }: SharedNetwork,
  { advertisers = [] }: Pick<RouterStatus, "advertisers">,
): readonly string[] {
  if (ipv6 === undefined) return []
  const all = advertisers.map(({ address }) => address).join(", ")
  return [
    ...(ipv6.ra === "router" && advertisers.length > 0
      ? [`network ${name}: ${all} advertises beside the router VM. Stop it, or make the network with --ra external`]
      : []),
    ...(ipv6.ra === "external" && advertisers.length > 1
      ? [`network ${name}: ${advertisers.length} routers advertise, and a guest may take any of them: ${all}`]
      : []),
    ...advertisers
      .filter(({ managed }) => !managed)
      .map(
        ({ address }) =>
          `network ${name}: the RA of ${address} lacks the managed flag (M): guests ask for no address. Set it there`,
      ),
    ...advertisers
      .filter(({ autonomous }) => autonomous)
      .map(
        ({ address }) =>
          `network ${name}: the RA of ${address} has the autonomous flag (A): guests make addresses of their own, which port security drops. Clear it there`,
      ),
  ]
}
