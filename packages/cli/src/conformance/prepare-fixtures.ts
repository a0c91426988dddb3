import { join } from "node:path"
import type { ConformanceFixtures, RouterToSeed } from "@slash64/conformance"
import { Slash64Error, invalid, parseNicMac, quote, resolveVm, serverDuidFor } from "@slash64/core"
import type { NetworkAttachment, TemplateRecord } from "@slash64/core"
import type { Session } from "../session.ts"
import { copyTemplate } from "./copy-template.ts"

export interface FixtureOptions {
  readonly network: string
  readonly runningVm?: string | undefined
  readonly haltedVm?: string | undefined
  readonly template?: string | undefined
  readonly controlAddress?: string | undefined
  readonly boot: boolean
}

const callTimeoutMs = 120_000

/** What the checks are given on a host that is not theirs; `folder` takes their template and keys. */
export async function prepareFixtures(
  session: Session,
  host: string,
  options: FixtureOptions,
  folder: string,
): Promise<ConformanceFixtures> {
  const attachment = parseAttachment(options.network)
  const runningVm = await findVm(session, host, "--running-vm", options.runningVm)
  const haltedVm = await findVm(session, host, "--halted-vm", options.haltedVm)
  const registered = await findTemplate(session, options.template)
  const routers = session.world.openRouters({ ...session.paths, keys: join(folder, "keys") })
  return {
    attachment,
    callTimeoutMs,
    ...(runningVm !== undefined && { runningVm }),
    ...(haltedVm !== undefined && { haltedVm }),
    ...(options.controlAddress !== undefined && { controlAddress: options.controlAddress }),
    ...(registered !== undefined && {
      template: await copyTemplate(registered, folder, session.call),
      boots: options.boot,
      seed: async ({ id, controlMac, guestMac }: RouterToSeed) => {
        const request = {
          routerId: id,
          guestMac: parseNicMac("guestMac", guestMac),
          controlMac: parseNicMac("controlMac", controlMac),
          serverDuid: serverDuidFor(id),
          ...(options.controlAddress !== undefined && { controlAddress: options.controlAddress }),
        }
        return Buffer.from(await routers.seed(request)).toString("base64")
      },
    }),
  }
}

/** `isolated`, `bridge:NAME` or `vlan:UPLINK:TAG`; the names are the adapter's to check. */
function parseAttachment(text: string): NetworkAttachment {
  const [kind, device, tag, ...rest] = text.split(":")
  if (text === "isolated") return { kind: "isolated" }
  if (kind === "bridge" && device && tag === undefined) return { kind, bridge: device }
  if (kind === "vlan" && device && tag !== undefined && /^\d{1,4}$/.test(tag) && rest.length === 0)
    return { kind, uplink: device, vlan: Number(tag) }
  throw invalid("--network", text, "is no kind of network", "Give isolated, bridge:NAME or vlan:UPLINK:TAG.")
}

async function findVm(
  session: Session,
  host: string,
  option: "--running-vm" | "--halted-vm",
  name: string | undefined,
): Promise<string | undefined> {
  if (name === undefined) return undefined
  const vm = await resolveVm(host, name, await session.rooms(), session.call)
  const isWanted = vm.running === (option === "--running-vm") && (vm.running || vm.persistent)
  if (isWanted) return vm.id
  throw new Slash64Error(
    "FAILED_PRECONDITION",
    `${option} ${quote(name)}: the VM ${vm.running ? "runs" : "is halted"}`,
    {
      field: option,
      value: quote(name),
      hint: `${vm.running ? "Stop" : "Start"} it, or name another one.`,
    },
  )
}

async function findTemplate(session: Session, digest: string | undefined): Promise<TemplateRecord | undefined> {
  const templates = await (await session.store()).listTemplates()
  const newest = templates.toSorted((a, b) => (a.registeredAt < b.registeredAt ? 1 : -1))
  if (digest === undefined) return newest[0]
  const found = newest.find((one) => one.digest === digest)
  if (found !== undefined) return found
  throw new Slash64Error("NOT_FOUND", `router template ${quote(digest)} is not registered`, {
    field: "--template",
    value: quote(digest),
    hint: "See slash64 template list, or leave the option out.",
  })
}
