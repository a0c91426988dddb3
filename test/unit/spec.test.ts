import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import {
  Slash64Error,
  contractVersion,
  errorCodes,
  eventKinds,
  hostVerbs,
  loadPlugins,
  optionalHostVerbs,
} from "@slash64/core"
import type { ErrorCode, HostVerb, HypervisorHost } from "@slash64/core"
import { conformanceChecks } from "@slash64/conformance"
import { kvmPlugin } from "@slash64/kvm"
import { describe, expect, expectTypeOf, it } from "vitest"
import { everyRoad } from "./roads/every-road.ts"
import { RoadBench } from "./roads/road-bench.ts"

const spec = readFileSync(join(import.meta.dirname, "../../SPEC.md"), "utf8")

/** The rows of the first table below a heading, as cells. */
function table(heading: string): string[][] {
  const section = spec.split(`\n## ${heading}\n`)[1]?.split("\n## ")[0] ?? ""
  const rows = section.split("\n").filter((line) => line.startsWith("|"))
  return rows.slice(2).map((row) =>
    row
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
}

/** The events of `kind` that are told by the repeat of a road which died in the moment before it told the first. */
async function toldAgain(kind: string): Promise<readonly string[]> {
  await using bench = await RoadBench.open()
  for (const road of Object.values(everyRoad)) {
    const dying = bench.rooms()
    let died = false
    dying.events.tell = (event) => {
      died ||= event.kind === kind
      if (died) throw new Error("killed")
    }
    await road(dying).catch(() => {})
    if (!died) continue
    const rooms = bench.rooms()
    const kinds: string[] = []
    const end = rooms.events.subscribe((event) => kinds.push(event.kind))
    await road(rooms)
    await end()
    return kinds.filter((one) => one === kind)
  }
  throw new Error(`no road tells ${kind}`)
}

describe("SPEC.md", () => {
  it("is of the contract's version", () => {
    expect(spec.split("\n")[0]).toContain(`version ${contractVersion}`)
  })

  it("lists every verb of a host, in the order of the code", () => {
    const verbs = table("The verbs of a host").map(([verb]) => verb?.replaceAll("`", ""))
    expect(verbs).toEqual([...hostVerbs, ...optionalHostVerbs])
    expectTypeOf<HostVerb>().toEqualTypeOf<keyof HypervisorHost>()
  })

  it("lists every error code, and says rightly which are retried", () => {
    const rows = table("Errors")
    const codes = rows.map(([code]) => code?.replaceAll("`", "") ?? "")
    expect(codes.toSorted()).toEqual([...errorCodes].toSorted())
    const retried = rows.filter(([, , yes]) => yes === "yes").map(([code]) => code?.replaceAll("`", "") ?? "")
    const retryable = errorCodes.filter((code: ErrorCode) => new Slash64Error(code, "").retryable)
    expect(retried.toSorted()).toEqual([...retryable].toSorted())
  })

  it("lists every event, and says rightly which a repeated road tells again after a crash before it was told", async () => {
    const rows = table("What a server sees").map(([kind = "", , again]) => [kind.replaceAll("`", ""), again] as const)
    expect(rows.map(([kind]) => kind).toSorted()).toEqual(eventKinds.toSorted())
    const facts = rows.filter(([, again]) => again !== "")
    for (const [kind, again] of facts) {
      const told = again?.startsWith("tells it again") ? [kind] : []
      expect(await toldAgain(kind), kind).toEqual(told)
    }
  })

  it("lists the checks that a plugin of ours does not pass, and they exist", () => {
    const deviations = Object.entries(kvmPlugin.deviations ?? {}).map(([check, reason]) => ["kvm", check, reason])
    const names = new Set(conformanceChecks.map(({ name }) => name))
    expect(table("Conformance").filter(([adapter]) => adapter === "kvm")).toEqual(deviations)
    expect(table("Conformance").filter(([, check = ""]) => !names.has(check))).toEqual([])
  })

  it("shows a package that loads", async () => {
    const manifest = /```json\n(.*?)```/s.exec(spec)?.[1] ?? ""
    const folder = mkdtempSync(join(tmpdir(), "slash64-spec-"))
    writeFileSync(join(folder, "package.json"), manifest)
    const plugin = 'export default { name: "example", contract: "1.0", parseConfig() {}, async connect() {} }'
    writeFileSync(join(folder, "index.js"), plugin)
    const [loaded] = await loadPlugins({ plugins: ["./"], from: join(folder, "server.js") })
    expect(loaded?.name).toBe("example")
    rmSync(folder, { recursive: true })
  })
})
