import { execFile } from "node:child_process"
import { createHash } from "node:crypto"
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { duidLl, parseNicMac } from "@slash64/core"
import { openKeyStore, renderSeed } from "@slash64/router"
import {
  buildTemplate,
  controlAddress,
  startMachine,
  type Machine,
  type MachineRequest,
  type TemplateManifest,
} from "@slash64/tool-systemvm"
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest"

const exec = promisify(execFile)
const outDir = join(import.meta.dirname, "../../.cache/systemvm/test")
const [controlMac, guestMac] = [parseNicMac("mac", "02:64:00:00:00:02"), parseNicMac("mac", "02:64:00:00:00:01")]

describe("the router template", () => {
  let work = ""
  let template: TemplateManifest
  const machines: Machine[] = []
  beforeAll(async () => {
    work = await mkdtemp(join(tmpdir(), "slash64-systemvm-"))
    template = await buildTemplate({ outDir, installMissing: true })
  })
  afterEach(async () => {
    await Promise.all(machines.splice(0).map((machine) => machine.kill()))
  })
  afterAll(() => rm(work, { recursive: true, force: true }))

  async function boot(name: string, request: Partial<MachineRequest>): Promise<Machine> {
    const directory = join(work, name)
    await mkdir(directory)
    const image = join(outDir, template.file)
    const machine = await startMachine({ directory, template: image, controlMac, guestMac, ...request })
    machines.push(machine)
    return machine
  }

  async function writeSeed(name: string, edit = (bytes: Uint8Array) => bytes): Promise<string> {
    const keys = openKeyStore({ directory: join(work, "keys") })
    const [management, host] = [await keys.managementKey(), await keys.hostKey("router-1")]
    const request = { routerId: "router-1", controlMac, guestMac, controlAddress, serverDuid: duidLl(guestMac) }
    const seedKeys = { managementKey: management.publicKey, hostPrivateKey: host.privateKey }
    const file = join(work, `${name}.seed`)
    await writeFile(file, edit(await renderSeed(request, seedKeys)))
    return file
  }

  it("is small, and its manifest says what is in it", async () => {
    const bytes = await readFile(join(outDir, template.file))
    expect(template).toMatchObject({ format: "qcow2", sizeBytes: bytes.length })
    expect(bytes.length).toBeLessThan(40 * 1024 ** 2)
    expect(template.digest).toBe(`sha256:${createHash("sha256").update(bytes).digest("hex")}`)
    expect(JSON.parse(await readFile(join(outDir, "manifest.json"), "utf8"))).toEqual(template)
    const names = template.packages.map(({ name }) => name)
    expect(names).toEqual(expect.arrayContaining(["dnsmasq", "nftables", "openssh-server"]))
    const dnsmasq = template.packages.find(({ name }) => name === "dnsmasq")
    expect(dnsmasq?.version).toMatch(/^2\.\d+-.*\+slash64\.[0-9a-f]{8}$/)
    expect(template.packages.every(({ version }) => version !== "")).toBe(true)
  })

  it("has the same version and the same bytes when it is built again, on any file system", async () => {
    const memory = await mkdtemp("/dev/shm/slash64-systemvm-")
    try {
      expect(await buildTemplate({ outDir: join(work, "again") })).toEqual(template)
      expect(await buildTemplate({ outDir: memory })).toEqual(template)
    } finally {
      await rm(memory, { recursive: true, force: true })
    }
  })

  it("comes as raw and as VHD with the same content", async () => {
    const raw = await buildTemplate({ outDir: join(work, "raw"), formats: ["raw"] })
    const vhd = await buildTemplate({ outDir: join(work, "vhd"), formats: ["vhd"] })
    expect([raw.version, vhd.version]).toEqual([template.version, template.version])
    const compare = ["compare", "-f", "raw", "-F", "vpc", join(work, "raw", raw.file), join(work, "vhd", vhd.file)]
    expect((await exec("qemu-img", compare)).stdout).toContain("Images are identical.")
    const members = await listInitramfs(join(work, "raw", raw.file), work)
    for (const driver of ["virtio_blk", "virtio_net", "xen_blkfront", "xen_netfront", "ata_piix", "sd_mod"])
      expect(members).toContain(`lib/modules/${raw.kernel}/${driver}.ko`)
    expect(members.filter((member) => /ssh_host|authorized_keys|dnsmasq\.leases/.test(member))).toEqual([])
  })

  it("boots by UEFI to sshd, and shuts down by the power button", async () => {
    const firmware = "/usr/share/OVMF/OVMF_CODE.fd"
    const machine = await boot("uefi", { seed: await writeSeed("uefi"), firmware })
    await machine.waitFor("sshd is ready", AbortSignal.timeout(90_000))
    // The power button's driver comes after sshd.
    await machine.waitFor("power button is watched", AbortSignal.timeout(60_000))
    await machine.command("system_powerdown")
    await machine.ended
    expect(await machine.console()).toContain("the power button was pressed")
  })

  it("boots from IDE disks", async () => {
    const machine = await boot("ide", { seed: await writeSeed("ide"), bus: "ide" })
    await machine.waitFor("sshd is ready", AbortSignal.timeout(90_000))
    expect(await machine.console()).not.toContain("in memory only")
  })

  it("says that there is no seed disk and starts no sshd", async () => {
    const machine = await boot("bare", {})
    await machine.waitFor("no seed disk: no SSH; waiting for one", AbortSignal.timeout(90_000))
    expect(await machine.console()).not.toContain("sshd is ready")
  })

  it("says what is wrong with a seed and starts no sshd", async () => {
    const machine = await boot("broken", { seed: await writeSeed("broken", ofAnotherFormat) })
    await machine.waitFor("is no seed: format is '7', this router reads 1", AbortSignal.timeout(90_000))
    await machine.waitFor("no seed disk: no SSH; waiting for one", AbortSignal.timeout(90_000))
    expect(await machine.console()).not.toContain("sshd is ready")
  })
})

function ofAnotherFormat(seed: Uint8Array): Uint8Array {
  return Buffer.from(Buffer.from(seed).toString("latin1").replace("format=1", "format=7"), "latin1")
}

/** The paths in the initramfs of a raw image, taken out of its boot partition. */
async function listInitramfs(image: string, work: string): Promise<readonly string[]> {
  const [packed, cpio] = [join(work, "initrd"), join(work, "initrd.cpio")]
  await exec("mcopy", ["-n", "-o", "-i", `${image}@@1M`, "::/initrd", packed])
  await exec("lz4", ["-d", "-q", "-f", packed, cpio])
  const { stdout } = await exec("sh", ["-c", 'exec cpio --list --quiet <"$0"', cpio])
  return stdout.split("\n")
}
