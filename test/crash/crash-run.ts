import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { text } from "node:stream/consumers"
import { setTimeout as sleep } from "node:timers/promises"
import { newCall, openSecretFile, openSqliteStore, sqliteDatabase } from "@slash64/core"
import type { Store } from "@slash64/core"
import { absent, nicValue } from "./crash-records.ts"

/** What came of killing processes at random moments. */
export interface CrashTally {
  readonly kills: number
  /** Calls whose answer the parent got. */
  acknowledged: number
  /** NICs whose claim was acknowledged. */
  claims: number
  /** Acknowledged NICs that are not there. */
  readonly lost: string[]
  /** Addresses that two NICs have, by network and family. */
  readonly doubled: string[]
  /** What else is not as was acknowledged. */
  readonly wrong: string[]
  /** Times that the store was opened and read after a kill, while other processes went on. */
  opened: number
  readonly errors: string[]
}

const childrenAtOnce = 4
const roundsOnOneStore = 5

/** Half of the rounds with one caller a process, half with 64, which share commits. */
export async function killAtRandom(kills: number): Promise<CrashTally> {
  const tally: CrashTally = {
    kills,
    acknowledged: 0,
    claims: 0,
    lost: [],
    doubled: [],
    wrong: [],
    opened: 0,
    errors: [],
  }
  const rounds = Math.ceil(kills / childrenAtOnce)
  for (let round = 0; round < rounds; round += roundsOnOneStore) {
    const folder = mkdtempSync(join(tmpdir(), "slash64-crash-"))
    try {
      const run = new CrashRun(folder, tally)
      for (let next = round; next < Math.min(round + roundsOnOneStore, rounds); next++)
        await run.round(`r${next}`, Math.min(childrenAtOnce, kills - next * childrenAtOnce), next % 2 === 0 ? 1 : 64)
    } finally {
      rmSync(folder, { recursive: true })
    }
  }
  return tally
}

export function describeTally({ kills, acknowledged, claims, lost, doubled, wrong, opened }: CrashTally): string {
  const amiss = `${lost.length} lost, ${doubled.length} doubled, ${wrong.length} wrong`
  return `${kills} kills: ${acknowledged} calls acknowledged, ${claims} claims among them: ${amiss}; opened ${opened} times`
}

/** The rounds on one store. */
class CrashRun {
  readonly #folder: string
  readonly #tally: CrashTally
  /** What each record may be. */
  readonly #said = new Map<string, readonly string[]>()
  /** Each may have been waiting for the answer of one call when it was killed. */
  #callers = 0

  constructor(folder: string, tally: CrashTally) {
    this.#folder = folder
    this.#tally = tally
  }

  async round(name: string, children: number, callers: number): Promise<void> {
    await Promise.all(Array.from({ length: children }, (_, child) => this.#killOne(`${name}-${child}`, callers)))
    this.#callers += children * callers
    await this.#withStore((store) => this.#compare(store))
    const [file, secretFile] = this.#files()
    const { findings } = await sqliteDatabase({ file, secretFile }).check(newCall())
    for (const { severity, subject, problem } of findings)
      if (severity === "error") this.#tally.wrong.push(`${subject}: ${problem}`)
  }

  /** One in eight is killed at any moment of its start, the others once they work. */
  async #killOne(name: string, callers: number): Promise<void> {
    const words = [join(import.meta.dirname, "crash-child.ts"), ...this.#files(), name, String(callers)]
    const child = spawn(process.execPath, words, { stdio: ["ignore", "pipe", "pipe"] })
    const [output, errors, exit] = [text(child.stdout), text(child.stderr), once(child, "exit")]
    if (Math.random() < 1 / 8) await sleep(Math.random() * 400)
    else await Promise.race([once(child.stdout, "data"), exit])
    await sleep(Math.random() * 300)
    child.kill("SIGKILL")
    await exit
    await this.#withStore(async (store) => {
      await store.listNetworks()
      this.#tally.opened += 1
    })
    this.#tally.errors.push(...[await errors].filter((problem) => problem !== ""))
    this.#hear(await output)
  }

  #hear(output: string): void {
    for (const line of output.split("\n").slice(0, -1)) {
      const [key = "", values = ""] = line.split(" ")
      const allowed = values.split(",")
      if (allowed.length === 1) this.#tally.acknowledged += 1
      if (!this.#said.has(key) && key.startsWith("nic/")) this.#tally.claims += 1
      this.#said.set(key, allowed)
    }
  }

  async #compare(store: Store): Promise<void> {
    const nics = await store.listNics()
    const networks = await store.listNetworks()
    const there = new Map<string, string>([
      ...nics.map((nic) => [`nic/${nic.id}`, nicValue(nic)] as const),
      ...networks.map(({ id }) => [`network/${id}`, id] as const),
    ])
    for (const [key, allowed] of this.#said) {
      const value = there.get(key) ?? absent
      if (allowed.includes(value)) continue
      this.#said.delete(key)
      const found = `${key} is ${value}, not ${allowed.join(" or ")}`
      if (value === absent) this.#tally.lost.push(found)
      else this.#tally.wrong.push(found)
    }
    for (const family of ["ipv6", "ipv4"] as const) this.#tally.doubled.push(...doubles(nics.map((nic) => nic[family])))
    const held = there.has("network/lab") ? (await store.countAddresses("lab")).ipv6?.held : 0n
    if (held !== BigInt(nics.length)) this.#tally.wrong.push(`${nics.length} NICs hold ${held} addresses`)
    const unheard = [...there.keys()].filter((key) => !this.#said.has(key)).length
    if (unheard > this.#callers) this.#tally.wrong.push(`${unheard} unheard calls of ${this.#callers} callers`)
  }

  #files(): readonly [store: string, secret: string] {
    return [join(this.#folder, "store.sqlite"), join(this.#folder, "secret")]
  }

  async #withStore(run: (store: Store) => Promise<void>): Promise<void> {
    const [file, secretFile] = this.#files()
    const store = await openSqliteStore({ file, secret: openSecretFile(secretFile) })
    try {
      await run(store)
    } finally {
      await store.close()
    }
  }
}

function doubles(values: readonly (string | undefined)[]): string[] {
  const seen = new Set<string>()
  return values.filter((value) => value !== undefined).filter((value) => seen.size === seen.add(value).size)
}
