import { execFile, spawn } from "node:child_process"
import { createHash } from "node:crypto"
import { once } from "node:events"
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { promisify } from "node:util"
import type { GuestFile } from "@slash64/core"
import { defaultCacheDir, fetchPackages, unpackPackages } from "@slash64/tool-systemvm"
import { z } from "zod"
import type { GuestSegment } from "./guest-segment.ts"

const exec = promisify(execFile)

/** The DHCP clients of Debian, and what they call. They are unpacked and never installed: two of them would take over the machine. */
const packages = [
  "bash",
  "cloud-init",
  "coreutils",
  "dash",
  "dbus",
  "dhcpcd-base",
  "findutils",
  "grep",
  "hostname",
  "ifupdown",
  "iproute2",
  "isc-dhcp-client",
  "mawk",
  "netplan.io",
  "network-manager",
  "procps",
  "sed",
  "systemd",
  "util-linux",
]

const env = {
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  DBUS_SYSTEM_BUS_ADDRESS: "unix:path=/run/dbus/system_bus_socket",
}

/** One tree with all of them, made once; 270 MB. */
export async function unpackClients(): Promise<string> {
  const cacheDir = join(dirname(defaultCacheDir), "guest-clients")
  const tree = join(cacheDir, `tree-${createHash("sha256").update(packages.join(" ")).digest("hex").slice(0, 16)}`)
  const made = await exec("test", ["-d", tree]).then(
    () => true,
    () => false,
  )
  if (made) return tree
  const fresh = `${tree}.${process.pid}`
  await unpackPackages(await fetchPackages({ names: packages, cacheDir }), fresh)
  // As the package's own script would: cloud-init would take seconds longer to start.
  await exec("chroot", [fresh, "python3", "-m", "compileall", "-q", "/usr/lib/python3", "/usr/lib/python3.11"], {
    env,
  }).catch(() => undefined)
  // Another test file may have been first; its tree is the same.
  await rename(fresh, tree).catch(() => rm(fresh, { recursive: true, force: true }))
  return tree
}

/** A guest's own network as its kernel and its resolver have it. */
export interface GuestView {
  /** Global addresses, without the prefix length. */
  readonly addresses: readonly string[]
  /** Gateways of default routes. */
  readonly gateways: readonly string[]
  /** Prefixes that are on the link. */
  readonly onLink: readonly string[]
  /** Every address of a name server that any client has written down. */
  readonly dns: readonly string[]
}

/** A user's world of Debian's clients in a network namespace, with a file system and processes of its own. */
export interface ClientGuest {
  write(files: readonly GuestFile[]): Promise<void>
  /** Runs a shell line in the guest; rejects with its words when it fails. */
  shell(line: string): Promise<string>
  /** Starts a program that goes on. */
  start(line: string): Promise<void>
  look(device: string): Promise<GuestView>
  close(): Promise<void>
}

/** It is ready behind the chroot only: who enters it before that is on the machine's own root. */
const prepare = `
set -e
mount -t overlay overlay -o lowerdir=$0,upperdir=$1/upper,workdir=$1/work $1/root
cd $1/root
mkdir -p proc sys run dev tmp
mount -t proc proc proc
mount -t sysfs -o ro sysfs sys
mount -t tmpfs tmpfs run
mount --rbind /dev dev
mkdir -p run/dbus run/network run/systemd/netif/links run/systemd/netif/leases run/systemd/netif/lldp run/dhcpcd var/lib/dhcp var/lib/dhcpcd
chown -R 104:104 run/systemd/netif
exec chroot . sh -c 'echo ready; exec sleep infinity'
`

/** The accounts that the packages' own scripts would have made. */
const passwd = `root:x:0:0::/root:/bin/sh
messagebus:x:103:103::/:/bin/false
systemd-network:x:104:104::/:/bin/false
nobody:x:65534:65534::/:/bin/false
`
const group = "root:x:0:\nmessagebus:x:103:\nsystemd-network:x:104:\nnetdev:x:105:\nnogroup:x:65534:\n"

/** A system bus without the limits that a container may not set. */
const busConf = `<busconfig><type>system</type><listen>unix:path=/run/dbus/system_bus_socket</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow own="*"/><allow send_destination="*"/><allow receive_sender="*"/></policy>
</busconfig>
`

/** A guest behind `mac`, its NIC named `device` and down, as before a boot. */
export async function startClientGuest(
  segment: GuestSegment,
  tree: string,
  mac: string,
  device: string,
): Promise<ClientGuest> {
  const namespace = await segment.addNamespace(mac, device, { up: false })
  const disk = await makeGuestDisk(image, [])
  const guest = await bootGuest(namespace, tree, disk)
  return {
    ...guest,
    async close() {
      await guest.close()
      await rm(disk, { recursive: true, force: true })
    },
  }
}

/** The machine-id of every guest that names no other: clones of one image. */
const image = "0123456789abcdef0123456789abcdef"

/** What a guest writes stays on its disk, a directory that the caller removes. */
export async function makeGuestDisk(machineId: string, files: readonly GuestFile[]): Promise<string> {
  const disk = await mkdtemp(join(tmpdir(), "slash64-guest-"))
  for (const name of ["upper", "work", "root"]) await mkdir(join(disk, name))
  const inside = (path: string) => join(disk, "upper", path)
  await mkdir(inside("etc"), { recursive: true })
  await writeFile(inside("etc/passwd"), passwd)
  await writeFile(inside("etc/group"), group)
  await writeFile(inside("etc/machine-id"), `${machineId}\n`)
  await writeFile(inside("etc/hostname"), "guest\n")
  await writeFile(inside("etc/resolv.conf"), "")
  // dhclient's script looks here whether it may write.
  await writeFile(inside("etc/fstab"), "")
  await writeFile(inside("etc/bus.conf"), busConf)
  await writeFiles(inside(""), files)
  return disk
}

/** A copy of a disk, with other files in the place of those. */
export async function cloneGuestDisk(
  original: string,
  without: readonly GuestFile[],
  files: readonly GuestFile[],
): Promise<string> {
  const disk = await mkdtemp(join(tmpdir(), "slash64-guest-"))
  for (const name of ["work", "root"]) await mkdir(join(disk, name))
  await exec("cp", ["--archive", join(original, "upper"), join(disk, "upper")])
  for (const { path } of without) await rm(join(disk, "upper", path), { force: true })
  await writeFiles(join(disk, "upper"), files)
  return disk
}

/** A guest that runs from `disk` in a namespace with its NICs. */
export async function bootGuest(namespace: string, tree: string, disk: string): Promise<ClientGuest> {
  const unshare = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", prepare, tree, disk]
  const world = spawn("ip", ["netns", "exec", namespace, ...unshare], { stdio: ["ignore", "pipe", "ignore"] })
  const ended = once(world, "exit")
  const [first] = await Promise.race([once(world.stdout, "data"), ended])
  if (!String(first).startsWith("ready")) throw new Error(`the guest in ${namespace} ended at once: ${String(first)}`)
  const pid = (await readFile(`/proc/${world.pid}/task/${world.pid}/children`, "utf8")).trim()
  const enter = ["--target", pid, "--mount", "--pid", "--net", "--root", "--wd"]

  const shell: ClientGuest["shell"] = async (line) => {
    const { stdout } = await exec("nsenter", [...enter, "/bin/sh", "-c", line], { env, timeout: 90_000 })
    return stdout
  }
  return {
    shell,
    write: (files) => writeFiles(`/proc/${pid}/root`, files),
    async start(line) {
      await shell(`${line} >/tmp/started.log 2>&1 </dev/null &`)
    },
    async look(nic) {
      const [addresses, routes6, routes4, written] = await Promise.all([
        shell(`ip -json address show dev ${nic}`),
        shell(`ip -json -6 route show dev ${nic}`),
        shell(`ip -json -4 route show dev ${nic}`),
        shell("cat /etc/resolv.conf /run/systemd/netif/links/* /run/systemd/netif/state 2>/dev/null || true"),
      ])
      const routes = [...routeList.parse(JSON.parse(routes6 || "[]")), ...routeList.parse(JSON.parse(routes4 || "[]"))]
      return {
        addresses: addressList
          .parse(JSON.parse(addresses))
          .flatMap(({ addr_info }) => addr_info)
          .filter(({ scope }) => scope === "global")
          .map(({ local }) => local)
          .toSorted(),
        gateways: routes.filter(({ dst }) => dst === "default").map(({ gateway = "none" }) => gateway),
        onLink: routes.filter(({ dst, gateway }) => dst.includes("/") && gateway === undefined).map(({ dst }) => dst),
        dns: Array.from(written.matchAll(/^(?:nameserver |DNS=)(.+)$/gm), ([, servers = ""]) => servers.split(" "))
          .flat()
          .filter((server) => server !== ""),
      }
    },
    async close() {
      world.kill("SIGTERM")
      process.kill(Number(pid), "SIGKILL")
      await ended
    },
  }
}

async function writeFiles(root: string, files: readonly GuestFile[]): Promise<void> {
  for (const { path, mode, how, text } of files) {
    const target = join(root, path)
    await mkdir(dirname(target), { recursive: true })
    await writeFile(target, text, { flag: how === "append" ? "a" : "w", mode: Number.parseInt(mode, 8) })
  }
}

const addressList = z.array(z.object({ addr_info: z.array(z.object({ local: z.string(), scope: z.string() })) }))
const routeList = z.array(z.object({ dst: z.string(), gateway: z.string().optional() }))
