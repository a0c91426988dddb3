import { execFile, spawn } from "node:child_process"
import { once } from "node:events"
import { chmod, cp, mkdir, mkdtemp, readFile, readdir, readlink, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { text } from "node:stream/consumers"
import { setTimeout as sleep } from "node:timers/promises"
import { promisify } from "node:util"
import { afterEach, beforeEach, describe, expect, it } from "vitest"

const exec = promisify(execFile)
const program = join(import.meta.dirname, "../../tools/systemvm/files/slash64-router")

/** `slash64-router` under dash with the real nft, ip and dnsmasq, in a network namespace of its own. */
describe("slash64-router", () => {
  let work = ""
  let namespace = ""
  let count = 0
  beforeEach(async () => {
    work = await mkdtemp(join(tmpdir(), "slash64-program-"))
    // dnsmasq reads its files as another user.
    await chmod(work, 0o755)
    namespace = `s64p${process.pid}-${count++}`
    for (const folder of ["state", "run", "etc"]) await mkdir(join(work, folder))
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
        PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`,
        SLASH64_STATE: join(work, "state"),
        SLASH64_RUN: join(work, "run"),
        SLASH64_ETC: join(work, "etc"),
      },
      stdio: ["pipe", "pipe", "inherit"],
      detached: true,
    })
    child.stdin.on("error", () => undefined)
    return child
  }

  async function run(args: readonly string[], input: Buffer | string = ""): Promise<Record<string, unknown>> {
    const child = start(args)
    child.stdin.end(input)
    const [answer] = await Promise.all([text(child.stdout), once(child, "exit")])
    const parsed: unknown = JSON.parse(answer)
    if (typeof parsed !== "object" || parsed === null) throw new Error(`no object: ${answer}`)
    return { ...parsed }
  }

  const files = (hosts: readonly number[], mtu = 1500) =>
    new Map<string, string>([
      [
        "network.batch",
        `link set dev guest mtu ${mtu}\nlink set dev guest up\naddress replace 2001:db8::2/64 dev guest nodad\n`,
      ],
      ["sysctl.conf", "net.ipv6.conf.guest.accept_ra = 0\n"],
      ["nftables.conf", "table inet slash64 {\n}\n"],
      ["dnsmasq.conf", renderDnsmasq(work)],
      ...hosts.map((number): [string, string] => [
        hostPath(number),
        `${macOf(number)},[2001:db8::${number}],vm-${number}\n`,
      ]),
    ])

  async function pushFull(revision: number, set: ReadonlyMap<string, string>) {
    const { archive, digest } = await pack(work, set, { manifest: true })
    return run(["apply", "--revision", String(revision), "--base", "none", "--digest", digest], archive)
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

  it("takes a full set into use, then a delta, and says so", async () => {
    expect(await pushFull(1, files([10]))).toMatchObject({ revision: 1, generation: 1 })
    expect(await run(["status"])).toMatchObject({
      routerId: "router-1",
      bootMs: 1234,
      services: { dnsmasq: "running" },
      drifted: [],
    })
    const base = await pack(work, files([10]), { manifest: true })
    const next = await pack(work, files([11]), { manifest: true })
    const sent = new Map([...files([11])].filter(([path]) => path === hostPath(11)))
    const delta = await pack(work, sent, { remove: [hostPath(10)] })
    const args = ["apply", "--revision", "2", "--base", base.digest, "--digest", next.digest]
    expect(await run(args, delta.archive)).toEqual({ revision: 2, generation: 2, digest: next.digest })
    expect(await readdir(join(work, "run/hosts.d"))).toEqual([hostPath(11).slice("hosts.d/".length)])
    expect(await readdir(join(work, "state/generations"))).toEqual(["1", "2"])
  })

  it("answers STALE, BASE and INVALID, and changes nothing", async () => {
    const first = await pushFull(5, files([10]))
    expect(await pushFull(4, files([11]))).toMatchObject({ error: "STALE", detail: "5" })
    const other = "0".repeat(64)
    const delta = await pack(work, new Map([[hostPath(11), `${macOf(11)},[2001:db8::11]\n`]]), {})
    expect(await run(["apply", "--revision", "6", "--base", other, "--digest", other], delta.archive)).toMatchObject({
      error: "BASE",
      detail: first["digest"],
    })
    const now = String(first["digest"])
    expect(await run(["apply", "--revision", "6", "--base", now, "--digest", other], delta.archive)).toMatchObject({
      error: "BASE",
    })
    const bad = [
      { args: ["apply", "--revision", "6;reboot", "--base", "none", "--digest", other], detail: "6;reboot" },
      { args: ["apply", "--revision", "6", "--base", "../x", "--digest", other], detail: "../x" },
      { args: ["apply", "--digest", "none"], detail: "" },
      { args: ["release", "--mac", "../../etc/passwd"], detail: "../../etc/passwd" },
      { args: ["reboot"], detail: "reboot" },
    ]
    for (const { args, detail } of bad) expect(await run(args)).toMatchObject({ error: "INVALID", detail })
    expect(await run(["status"])).toMatchObject({ revision: 5, generation: 1, digest: now })
  })

  it.each([
    ["a path out of the generation", ["--transform", "s|^files/network.batch|files/../../../evil|"]],
    ["an absolute path", ["--transform", "s|^files/network.batch|/tmp/slash64-evil|"]],
    ["a file that no generation has", ["--transform", "s|^files/network.batch|files/evil.sh|"]],
    ["a line feed in a name", ["--transform", "s|^files/network.batch|files/hosts.d/02-00-00-00-00-0a\\nmanifest|"]],
  ])("refuses %s", async (_, transform) => {
    const { archive, digest } = await pack(work, files([10]), { manifest: true, tar: ["-P", ...transform] })
    const args = ["apply", "--revision", "1", "--base", "none", "--digest", digest]
    expect(await run(args, archive)).toMatchObject({ error: "INVALID" })
    expect(await readdir(work)).not.toContain("evil")
    expect(await readdir(join(work, "state/generations"))).toEqual([])
  })

  it("refuses a symbolic link, and a file that its manifest does not have", async () => {
    const set = files([10])
    const { archive, digest } = await pack(work, set, { manifest: true, link: hostPath(12) })
    const args = ["apply", "--revision", "1", "--base", "none", "--digest", digest]
    expect(await run(args, archive)).toMatchObject({
      error: "INVALID",
      message: expect.stringContaining("regular file"),
    })
    const extra = await pack(work, set, { manifest: true, unlisted: hostPath(12) })
    expect(await run([...args.slice(0, -1), extra.digest], extra.archive)).toMatchObject({ error: "INVALID" })
  })

  it("answers FAILED with the kernel's words when the disk is full, and goes on as it was", async () => {
    await exec("mount", ["-t", "tmpfs", "-o", "size=128k,nr_inodes=200", "tmpfs", join(work, "state")])
    expect(await pushFull(1, files([10]))).toMatchObject({ generation: 1 })
    const many = Array.from({ length: 400 }, (_, index) => index + 100)
    expect(await pushFull(2, files(many))).toMatchObject({
      error: "FAILED",
      detail: expect.stringContaining("No space left"),
    })
    expect(await run(["status"])).toMatchObject({ revision: 1, services: { dnsmasq: "running" }, drifted: [] })
    expect(await pushFull(2, files([11]))).toMatchObject({ revision: 2, generation: 2 })
  })

  it("leaves the old generation or the new one wherever it is killed, and the next apply heals", async () => {
    expect(await pushFull(1, files([10]))).toMatchObject({ generation: 1 })
    const seen = new Set<string>()
    for (let round = 0; round < 12; round++) {
      const before = await current()
      const set = files([10, 20 + round], 1400 + round)
      const { archive, digest } = await pack(work, set, { manifest: true })
      const child = start(["apply", "--revision", String(round + 2), "--base", "none", "--digest", digest])
      const closed = once(child, "close")
      child.stdin.end(archive)
      await sleep(20 + round * 25)
      // The whole group: sshd's end takes no child with it, a power cut takes all.
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGKILL")
      await closed
      const after = await current()
      expect(after.whole).toBe(true)
      seen.add(after.generation === before.generation ? "old" : "new")
      const next = await pushFull(round + 2, set)
      expect(next).toMatchObject({ revision: round + 2 })
      expect(await run(["status"])).toMatchObject({ drifted: [], services: { dnsmasq: "running" } })
      const batch = await exec("ip", ["-n", namespace, "link", "show", "dev", "guest"])
      expect(batch.stdout).toContain(`mtu ${1400 + round}`)
    }
    expect(seen).toContain("old")
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
    `dhcp-hostsdir=${work}/run/hosts.d`,
    `dhcp-leasefile=${work}/state/leases/dnsmasq.leases`,
    "",
  ].join("\n")
}

function macOf(number: number): string {
  const [high, low] = [Math.floor(number / 256), number % 256].map((part) => part.toString(16).padStart(2, "0"))
  return `02:00:00:00:${high}:${low}`
}

function hostPath(number: number): string {
  return `hosts.d/${macOf(number).replaceAll(":", "-")}`
}

interface PackOptions {
  readonly manifest?: boolean
  readonly remove?: readonly string[]
  /** A symbolic link at this path. */
  readonly link?: string
  /** A file that the manifest does not name. */
  readonly unlisted?: string
  readonly tar?: readonly string[]
}

/** The archive of an apply, made by GNU tar, and the digest of the manifest of these files. */
async function pack(work: string, set: ReadonlyMap<string, string>, options: PackOptions) {
  const folder = await mkdtemp(join(work, "pack-"))
  const root = join(folder, "files")
  await mkdir(join(root, "hosts.d"), { recursive: true })
  for (const [path, content] of set) await writeFile(join(root, path), content)
  const paths = [...set.keys()].toSorted()
  const { stdout: manifest } = await exec("sha256sum", ["--", ...paths], { cwd: root })
  await writeFile(join(folder, "manifest"), manifest)
  const { stdout: sum } = await exec("sha256sum", ["manifest"], { cwd: folder })
  if (options.link !== undefined) await exec("ln", ["-s", "/etc/passwd", join(root, options.link)])
  if (options.unlisted !== undefined) await cp(join(folder, "manifest"), join(root, options.unlisted))
  if (options.remove !== undefined) await writeFile(join(folder, "delete"), `${options.remove.join("\n")}\n`)
  const members = ["files", ...(options.manifest ? ["manifest"] : []), ...(options.remove ? ["delete"] : [])]
  const { stdout: archive } = await exec("tar", ["--format=ustar", ...(options.tar ?? []), "-cf", "-", ...members], {
    cwd: folder,
    encoding: "buffer",
    maxBuffer: 64 * 1024 ** 2,
  })
  return { archive, digest: sum.slice(0, 64) }
}
