import { Slash64Error, quote } from "@slash64/core"
import type { Call, Page as Part, PlanProblem, Rooms } from "@slash64/core"
import type { PageDocument } from "./document.ts"
import { shownText } from "./html-table.ts"
import type { Html } from "./html-table.ts"
import { hostSection, moreLink, networkSection, nicSection, problemSection, routerSection } from "./sections.ts"
import { see } from "./sight.ts"

export interface PageRequest {
  /** What stands in the path for its parameter. */
  readonly name: string
  /** Begin the page's list behind this one. */
  readonly after: string | undefined
}

/** A page to look at; it changes nothing. */
export interface Page {
  /** As in OpenAPI, with one parameter at the most. */
  readonly path: string
  read(request: PageRequest, rooms: Rooms, call: Call): Promise<Pick<PageDocument, "title" | "at" | "sections">>
}

const networksMost = 100
const nicsMost = 50

export const pages: readonly Page[] = [
  {
    path: "/",
    async read({ after }, rooms, call) {
      const [hosts, networks, nics] = await Promise.all([
        rooms.store.listHosts(),
        readPart((part) => rooms.store.listNetworks(part), after, networksMost),
        readPart((part) => rooms.store.listNics(part), undefined, nicsMost),
      ])
      const seen = await see({ hosts, networks: networks.rows, nics: nics.rows }, rooms, call)
      const problems = [...seen.hosts, ...seen.networks].flatMap((one) => one.problems)
      const moreNetworks = link("/", networks.last?.name, "More networks, with their routers")
      return {
        title: "slash64",
        at: seen.at,
        sections: [
          problemSection(problems, seen.nics),
          networkSection(seen.networks, moreNetworks),
          nicSection(seen.nics, link("/nics", nics.last?.id, "More NICs")),
          routerSection(seen.networks),
          hostSection(seen.hosts),
        ],
      }
    },
  },
  {
    path: "/nics",
    async read({ after }, rooms, call) {
      const nics = await readPart((part) => rooms.store.listNics(part), after, nicsMost)
      const seen = await see({ hosts: [], networks: [], nics: nics.rows }, rooms, call)
      return {
        title: "slash64: NICs",
        at: seen.at,
        sections: [problemSection([], seen.nics), nicSection(seen.nics, link("/nics", nics.last?.id, "More NICs"))],
      }
    },
  },
  {
    path: "/networks/{network}",
    async read({ name, after }, rooms, call) {
      const network = await rooms.store.findNetwork(name)
      if (network === undefined) throw noSuchNetwork(name)
      const { id } = network
      const nics = await readPart((part) => rooms.store.listNics({ networkId: id, ...part }), after, nicsMost)
      const seen = await see({ hosts: [], networks: [network], nics: nics.rows }, rooms, call)
      const problems: readonly PlanProblem[] = seen.networks.flatMap((one) => one.problems)
      const moreNics = link(`/networks/${encodeURIComponent(id)}`, nics.last?.id, "More NICs of this network")
      return {
        title: `slash64: network ${shownText(network.name)}`,
        at: seen.at,
        sections: [
          problemSection(problems, seen.nics),
          networkSection(seen.networks),
          routerSection(seen.networks),
          nicSection(seen.nics, moreNics),
        ],
      }
    },
  },
]

/** The row behind the part is read too, so that the last one is known as such: `last` is there where more follow. */
async function readPart<Row>(
  read: (part: Part) => Promise<readonly Row[]>,
  after: string | undefined,
  most: number,
): Promise<{ readonly rows: readonly Row[]; readonly last: Row | undefined }> {
  const found = await read({ limit: most + 1, ...(after !== undefined && { after }) })
  const rows = found.slice(0, most)
  return { rows, last: found.length > most ? rows.at(-1) : undefined }
}

function link(path: string, after: string | undefined, words: string): Html | undefined {
  return after === undefined ? undefined : moreLink(`${path}?after=${encodeURIComponent(after)}`, words)
}

function noSuchNetwork(name: string): Slash64Error {
  return new Slash64Error("NOT_FOUND", `network ${quote(name)} does not exist`, {
    field: "network",
    value: quote(name),
    hint: "The overview lists them.",
  })
}
