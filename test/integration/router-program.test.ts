import { execFile, spawn } from "node:child_process"
import { createHash } from "node:crypto"
import { once } from "node:events"
import { chmod, mkdir, mkdtemp, readFile, readdir, readlink, rm, symlink, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { text } from "node:stream/consumers"
import { setTimeout as sleep } from "node:timers/promises"
import { promisify } from "node:util"
import { gzipSync } from "node:zlib"
import { ensureRouterDnsmasq } from "@slash64/tool-systemvm"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { badHosts, goodHosts } from "./reservation-lines.ts"

const exec = promisify(execFile)
const routerFiles = join(import.meta.dirname, "../../tools/systemvm/files")
const program = join(routerFiles, "slash64-router")

/** `slash64-router` under dash with the real nft and ip and the router's dnsmasq, in a network namespace of its own. */
describe("slash64-router", () => {
  let work = ""
  let namespace = ""
  let count = 0
  beforeEach(async () => {
    work = await mkdtemp(join(tmpdir(), "slash64-program-"))
    // dnsmasq reads its files as another user.
    await chmod(work, 0o755)
    namespace = `s64p${process.pid}-${count++}`
    for (const folder of ["state", "run", "etc", "bin"]) await mkdir(join(work, folder))
    await symlink((await ensureRouterDnsmasq()).program, join(work, "bin/dnsmasq"))
    await writeFile(join(work, "run/ready"), "")
    await writeFile(join(work, "run/boot-ms"), "1234\n")
    await writeFile(join(work, "etc/version"), "test\n")
    await writeFile(join(work, "etc/seed.conf"), "router_id=router-1\nserver_duid=00:03:00:01:02:64:00:00:00:01\n")
    await writeFile(join(work, "etc/base.nft"), "flush ruleset\n")
    await exec("ip", ["netns", "add", namespace])
    const inside = ["netns", "exec", namespace, "ip", "link", "add", "guest", "type", "veth", "peer", "name", "other"]
    await exec("ip", inside)
  })
  afterEach(async () => {
    const pid = await readFile(join(work, "run/dnsmasq.pid"), "utf8").catch(() => "")
    if (pid !== "") process.kill(Number(pid), "SIGKILL")
    await exec("ip", ["netns", "delete", namespace])
    await exec("umount", [join(work, "state")]).catch(() => undefined)
    await rm(work, { recursive: true, force: true })
  })

  function start(args: readonly string[]) {
    const child = spawn("ip", ["netns", "exec", namespace, "dash", program, ...args], {
      env: {
        ...process.env,
        PATH: `${join(work, "bin")}:${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`,
        SLASH64_STATE: join(work, "state"),
        SLASH64_RUN: join(work, "run"),
        SLASH64_LIB: join(routerFiles, "router"),
        SLASH64_ETC: join(work, "etc"),
        SLASH64_LONGEST: "4",
      },
      stdio: ["pipe", "pipe", "inherit"],
      detached: true,
    })
    child.stdin.on("error", () => undefined)
    return child
  }

  /** Requests to one program, in order; the answers to those that it gave one. */
  async function ask(...requests: readonly Request[]): Promise<readonly Record<string, unknown>[]> {
    const child = start(["serve", "2"])
    for (const request of requests) child.stdin.write(request)
    child.stdin.end()
    const [said] = await Promise.all([text(child.stdout), once(child, "exit")])
    const [greeting, ...answers] = said.split(/^(?:slash64-router 2|\. \d+)\n/m).slice(0, -1)
    if (greeting !== "") throw new Error(`no greeting: ${said}`)
    return answers.map(parse)
  }

  async function run(args: readonly string[]): Promise<Record<string, unknown>> {
    const child = start(args)
    child.stdin.end()
    const [answer] = await Promise.all([text(child.stdout), once(child, "exit")])
    return parse(answer)
  }

  const files = (hosts: readonly number[], mtu = 1500) =>
    new Map<string, string>([
      ["dnsmasq.conf", renderDnsmasq(work)],
      [
        "network.batch",
        `link set dev guest mtu ${mtu}\nlink set dev guest up\naddress replace 2001:db8::2/64 dev guest nodad\n`,
      ],
      ["nftables.conf", "table inet slash64 {\n}\n"],
      ["reservations", hosts.map((number) => `${lineOf(number)}\n`).join("")],
      ["sysctl.conf", "net.ipv6.conf.guest.accept_ra = 0\n"],
    ])

  async function pushFull(revision: number, set: ReadonlyMap<string, string>) {
    const [answer] = await ask(applyRequest(revision, set))
    return answer ?? {}
  }

  async function current(): Promise<{ readonly generation: string; readonly whole: boolean }> {
    const link = join(work, "state/current")
    const check = exec("sha256sum", ["-c", "--quiet", "manifest"], { cwd: link })
    return {
      generation: await readlink(link),
      whole: await check.then(
        () => true,
        () => false,
      ),
    }
  }

  const served = async () => {
    const folder = join(work, "run")
    const added = await Promise.all(
      (await readdir(join(folder, "hosts.d"))).map((file) => readFile(join(folder, "hosts.d", file), "utf8")),
    )
    return [await readFile(join(folder, "hosts"), "utf8"), ...added].join("").trim().split("\n").toSorted()
  }

  it("takes a full set into use, then changes, and says so", async () => {
    expect(await pushFull(1, files([10]))).toMatchObject({ revision: 1, generation: 1 })
    expect(await run(["status"])).toMatchObject({
      routerId: "router-1",
      bootMs: 1234,
      services: { dnsmasq: "running" },
      drifted: [],
    })
    const steps = [files([10]), files([10, 11]), files([10, 11, 12]), files([10, 12]), files([10, 12, 13])]
    const answers = await ask(
      changeRequest(2, steps[0], steps[1], `+${lineOf(11)}`),
      changeRequest(3, steps[1], steps[2], `+${lineOf(12)}`),
      changeRequest(4, steps[2], steps[3], `-${macOf(11)}`),
      changeRequest(5, steps[3], steps[4], `+${lineOf(13)}`),
      "manifest\n",
    )
    expect(answers.map(({ revision, generation }) => [revision, generation])).toEqual([
      [2, 2],
      [3, 3],
      [4, 4],
      [5, 5],
      [undefined, undefined],
    ])
    expect(answers.at(-1)?.["text"]).toBe(`${manifestOf(steps[4])}\n${steps[4]?.get("reservations")}`)
    expect(await served()).toEqual([lineOf(10), lineOf(12), lineOf(13)])
    expect(await run(["status"])).toMatchObject({ revision: 5, generation: 5, digest: digestOf(steps[4]), drifted: [] })
    // A journal that is too long is folded into files; four changes are in it.
    const more = [steps[4], files([10, 12, 13, 14]), files([10, 12, 13, 14, 15])]
    const folded = await ask(
      changeRequest(5, more[0], more[1], `+${lineOf(14)}`),
      changeRequest(5, more[1], more[2], `+${lineOf(15)}`),
      changeRequest(5, more[2], steps[4], `-${macOf(14)} -${macOf(15)}`),
    )
    expect(folded.map(({ generation }) => generation)).toEqual([6, 7, 8])
    expect(await readdir(join(work, "state/generations"))).toEqual(["1", "5"])
    expect(await run(["status"])).toMatchObject({ digest: digestOf(steps[4]), drifted: [] })
    // Everything else is kept, the changes are folded in.
    const next = files([10, 12, 13], 1400)
    const [applied] = await ask(applyRequest(6, next, { base: digestOf(steps[4]), only: ["network.batch"] }))
    expect(applied).toEqual({ revision: 6, generation: 9, digest: digestOf(next) })
    expect(await served()).toEqual([lineOf(10), lineOf(12), lineOf(13)])
    expect(await readdir(join(work, "state/generations"))).toEqual(["5", "9"])
  })

  it("answers STALE, BASE, REFUSED and INVALID, changes nothing, and takes the next request", async () => {
    const first = files([10])
    await pushFull(5, first)
    const other = "0".repeat(64)
    const add = (change: string, revision: number | string = 6, base = digestOf(first)) =>
      `change ${revision} ${base} ${other} ${change}\n`
    const answers = await ask(
      applyRequest(4, files([11])),
      add(`+${lineOf(11)}`, 4),
      add(`+${lineOf(11)}`, 6, other),
      applyRequest(6, files([11]), { base: other }),
      applyRequest(6, files([11]), { digest: other }),
      add(`+${macOf(11)},[2001:db8:::1]`),
      add(`+${lineOf(11)},dhcp-script=/bin/sh`),
      add("+../../etc/passwd"),
      add(`+${lineOf(11)}`, "6;reboot"),
      applyRequest(6, new Map([["../evil", ""]])),
      "release --mac ../../etc/passwd\n",
      "reboot\n",
      "status\n",
    )
    expect(answers.map(({ error }) => error).join(" ")).toBe(
      "STALE STALE BASE BASE INVALID REFUSED REFUSED REFUSED INVALID INVALID INVALID INVALID ",
    )
    expect(answers.at(-1)).toMatchObject({ revision: 5, generation: 1, digest: digestOf(first), drifted: [] })
    const wrong = files([11])
    wrong.set("reservations", `${lineOf(11)}\nx\n`)
    expect(await pushFull(6, wrong)).toMatchObject({
      error: "REFUSED",
      detail: expect.stringContaining("reservation: x"),
    })
    expect(await served()).toEqual([lineOf(10)])
  })

  it("gives its leases to another, which keeps its own and drops those without a reservation", async () => {
    const file = join(work, "state/leases/dnsmasq.leases")
    // Before the first apply, as a new router is met.
    expect(await ask(restore(lease(10) + lease(11) + lease(12)))).toEqual([{}])
    await pushFull(1, files([10, 11]))
    expect((await leasesIn(file)).toSorted()).toEqual([lease(10), lease(11)])
    // And after it: what is leased already stays as it is.
    expect(await ask(restore(lease(10, 77) + lease(13)))).toEqual([{}])
    expect((await leasesIn(file)).toSorted()).toEqual([lease(10), lease(11)])
    expect(await readFile(file, "utf8")).toMatch(/^duid 00:03:00:01:02:64:00:00:00:01$/m)
    expect(await run(["status"])).toMatchObject({ services: { dnsmasq: "running" }, leases: [{}, {}] })
    expect(await ask("leases\n")).toEqual([{ text: (await leasesIn(file)).join("") }])
    for (const line of ["1 1 ::1 * 00; reboot\n", "duid 00:01\n", "1 1 ::1 $(x) 00\n"])
      expect(await ask(restore(line))).toMatchObject([{ error: "INVALID" }])
    expect((await leasesIn(file)).toSorted()).toEqual([lease(10), lease(11)])
  })

  it("takes exactly the reservations that dnsmasq takes, of those that a driver may send", async () => {
    await pushFull(1, files([10]))
    for (const value of [...goodHosts, ...badHosts]) {
      const isGood = goodHosts.includes(value)
      const conf = join(work, "host.conf")
      await writeFile(conf, `dhcp-host=${value}\n`)
      const refusal = await exec("dnsmasq", ["--test", `--conf-file=${conf}`]).then(
        () => "",
        (error: unknown) => String(error),
      )
      // dnsmasq takes some that no driver of ours sends, a second IPv6 address among them.
      expect([value, isGood ? refusal : ""]).toEqual([value, ""])
      const [answer] = await ask(`change 1 ${digestOf(files([10]))} ${"0".repeat(64)} =${value}\n`)
      const taken = answer?.["error"] === undefined
      expect([value, taken]).toEqual([value, isGood])
      if (taken) await ask(`change 1 ${"0".repeat(64)} ${digestOf(files([10]))} -${macOf(20)}\n`)
    }
  })

  it("answers a change that it has taken already once more, and does not take it twice", async () => {
    const [before, after] = [files([10]), files([10, 11])]
    await pushFull(1, before)
    const request = changeRequest(2, before, after, `+${lineOf(11)}`)
    const answer = { revision: 2, generation: 2, digest: digestOf(after) }
    expect(await ask(request, request)).toEqual([answer, answer])
    expect(await ask(request)).toEqual([answer])
    expect(await served()).toEqual([lineOf(10), lineOf(11)])
  })

  it("takes up a change that was cut off: before it was written, half written, and before it was served", async () => {
    const [before, after] = [files([10]), files([10, 11])]
    await pushFull(1, before)
    const dead = spawn("true")
    await once(dead, "exit")
    const record = `2 2 ${digestOf(after)} +${lineOf(11)} .\n`
    for (const written of ["", record.slice(0, 100), record]) {
      await writeFile(join(work, "run/claims/1"), `${dead.pid}\n`)
      await writeFile(join(work, "state/journal"), written)
      const isWhole = written === record
      expect(await run(["status"])).toMatchObject({
        revision: isWhole ? 2 : 1,
        generation: isWhole ? 2 : 1,
        drifted: [],
      })
      expect(await served()).toEqual(isWhole ? [lineOf(10), lineOf(11)] : [lineOf(10)])
      const [answer] = await ask(changeRequest(2, before, after, `+${lineOf(11)}`))
      expect(answer).toEqual({ revision: 2, generation: 2, digest: digestOf(after) })
      expect(await served()).toEqual([lineOf(10), lineOf(11)])
      await rm(join(work, "state"), { recursive: true })
      await mkdir(join(work, "state"))
      await rm(join(work, "run/taken"))
      await pushFull(1, before)
    }
  })

  it("takes one of two changes of the same generation, and loses none of many programs' changes", async () => {
    await pushFull(1, files([10]))
    const numbers = Array.from({ length: 6 }, (_, index) => 20 + index)
    const add = async (number: number): Promise<void> => {
      const [held] = await ask("manifest\n")
      const reservations = String(held?.["text"]).split("\n\n")[1] ?? ""
      const [before, after] = [files([]), files([])]
      before.set("reservations", reservations)
      after.set("reservations", [...reservations.trim().split("\n"), lineOf(number)].toSorted().join("\n") + "\n")
      const [answer] = await ask(changeRequest(2, before, after, `+${lineOf(number)}`))
      if (answer?.["error"] === "BASE") return add(number)
      expect(answer).toMatchObject({ revision: 2, digest: digestOf(after) })
    }
    await Promise.all(numbers.map(add))
    expect(await served()).toEqual([10, ...numbers].map(lineOf))
    expect(await run(["status"])).toMatchObject({ revision: 2, generation: 7, drifted: [] })
  })

  it("sends whoever changed a file on it a BASE, and a full set heals it", async () => {
    const [before, after] = [files([10]), files([10, 11])]
    await pushFull(1, before)
    const stranger = join(work, "state/current/reservations")
    await writeFile(stranger, `${macOf(10)},[2001:db8::bad],stranger\n`)
    expect(await run(["status"])).toMatchObject({ drifted: ["reservations"] })
    const [answer] = await ask(changeRequest(2, before, after, `+${lineOf(11)}`))
    expect(answer).toMatchObject({ error: "BASE" })
    expect(await pushFull(2, after)).toMatchObject({ revision: 2 })
    expect(await served()).toEqual([lineOf(10), lineOf(11)])
    expect(await run(["status"])).toMatchObject({ drifted: [] })
  })

  it("answers FAILED with the kernel's words when the disk is full, and goes on as it was", async () => {
    await exec("mount", ["-t", "tmpfs", "-o", "size=128k,nr_inodes=200", "tmpfs", join(work, "state")])
    expect(await pushFull(1, files([10]))).toMatchObject({ generation: 1 })
    const many = files(Array.from({ length: 4000 }, (_, index) => index + 100))
    expect(await pushFull(2, many)).toMatchObject({
      error: "FAILED",
      detail: expect.stringContaining("No space left"),
    })
    expect(await run(["status"])).toMatchObject({ revision: 1, services: { dnsmasq: "running" }, drifted: [] })
    expect(await pushFull(2, files([11]))).toMatchObject({ revision: 2, generation: 2 })
  })

  it("leaves the old generation or the new one wherever it is killed, and the next apply heals", async () => {
    expect(await pushFull(1, files([10]))).toMatchObject({ generation: 1 })
    const seen = new Set<string>()
    for (let round = 0; round < 7; round++) {
      const before = await current()
      const set = files([10, 20 + round], 1400 + round)
      const child = start(["serve", "2"])
      const closed = once(child, "close")
      child.stdin.write(applyRequest(round + 2, set))
      await sleep(20 + round * 50)
      // The whole group: sshd's end takes no child with it, a power cut takes all.
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGKILL")
      await closed
      const after = await current()
      expect(after.whole).toBe(true)
      seen.add(after.generation === before.generation ? "old" : "new")
      const next = await pushFull(round + 2, set)
      expect(next).toMatchObject({ revision: round + 2 })
      expect(await run(["status"])).toMatchObject({ drifted: [], services: { dnsmasq: "running" } })
      expect(await served()).toEqual([lineOf(10), lineOf(20 + round)])
      const batch = await exec("ip", ["-n", namespace, "link", "show", "dev", "guest"])
      expect(batch.stdout).toContain(`mtu ${1400 + round}`)
    }
    expect(seen).toContain("old")
  })

  it("says no to a driver of another protocol", async () => {
    expect(await run(["serve", "1"])).toMatchObject({ error: "INVALID", detail: "1" })
  })
})

function renderDnsmasq(work: string): string {
  return [
    "port=0",
    "interface=guest",
    "bind-dynamic",
    `pid-file=${work}/run/dnsmasq.pid`,
    "log-facility=-",
    "dhcp-range=2001:db8::,static,64,3600",
    `dhcp-hostsfile=${work}/run/hosts`,
    `dhcp-hostsdir=${work}/run/hosts.d`,
    `dhcp-leasefile=${work}/state/leases/dnsmasq.leases`,
    "",
  ].join("\n")
}

function macOf(number: number): string {
  const [high, low] = [Math.floor(number / 256), number % 256].map((part) => part.toString(16).padStart(2, "0"))
  return `02:00:00:00:${high}:${low}`
}

function lineOf(number: number): string {
  return `${macOf(number)},[2001:db8::${number}],vm-${number}`
}

/** As dnsmasq writes it. */
function lease(number: number, iaid = number): string {
  return `1999999999 ${iaid} 2001:db8::${number} * 00:03:00:01:02:00\n`
}

function restore(lines: string): string {
  return `restore ${Buffer.byteLength(lines)}\n${lines}`
}

/** The lease lines of dnsmasq's file. */
async function leasesIn(file: string): Promise<string[]> {
  return ((await readFile(file, "utf8")).match(/^(?!duid).+\n/gm) ?? []).map(String)
}

type Request = Buffer | string
type Files = ReadonlyMap<string, string>

function manifestOf(set: Files = new Map()): string {
  const paths = [...set.keys()].toSorted()
  return paths.map((path) => `${sha256(set.get(path) ?? "")}  ${path}\n`).join("")
}

function digestOf(set: Files | undefined): string {
  return sha256(manifestOf(set))
}

function changeRequest(
  revision: number,
  before: Files | undefined,
  after: Files | undefined,
  ...changes: readonly string[]
): string {
  return `change ${revision} ${digestOf(before)} ${digestOf(after)} ${changes.join(" ")}\n`
}

interface ApplyOptions {
  /** The digest that it starts from; absent: a full set. */
  readonly base?: string
  readonly digest?: string
  /** The files that are sent; absent: all. */
  readonly only?: readonly string[]
}

function applyRequest(revision: number, set: Files, { base = "none", digest, only }: ApplyOptions = {}): Buffer {
  const sent = [...set].filter(([path]) => only === undefined || only.includes(path))
  const parts = [["manifest", manifestOf(set)], ...sent].map(
    ([path = "", content = ""]) => [path, Buffer.from(content)] as const,
  )
  const body = gzipSync(Buffer.concat(parts.map(([, bytes]) => bytes)))
  const sizes = parts.map(([path, bytes]) => `${path}:${bytes.length}`).join(" ")
  const line = `apply ${body.length} ${revision} ${base} ${digest ?? digestOf(set)} ${sizes}\n`
  return Buffer.concat([Buffer.from(line), body])
}

/** An answer's JSON; for what is none, its text. */
function parse(answer: string): Record<string, unknown> {
  if (!answer.startsWith("{")) return { text: answer }
  const parsed: unknown = JSON.parse(answer)
  if (typeof parsed !== "object" || parsed === null) throw new Error(`no object: ${answer}`)
  return { ...parsed }
}

function sha256(content: string): string {
  return createHash("sha256").update(content).digest("hex")
}
