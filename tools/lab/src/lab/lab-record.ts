import { mkdir, readFile, rename, writeFile } from "node:fs/promises"
import { Slash64Error, invalid } from "@slash64/core"
import { z } from "zod"
import type { LabHome } from "./lab-home.ts"

export const networkKinds = ["isolated", "bridge", "openvswitch", "vlan"] as const
export const ways = ["local", "ssh"] as const

const choicesShape = z.object({
  /** What the shared network stands on. */
  network: z.enum(networkKinds),
  /** How the plugin reaches the host: libvirt's socket, or SSH to this machine. */
  via: z.enum(ways),
  /** A libvirtd of the lab's own, beside the one of the machine. */
  privateLibvirtd: z.boolean(),
  /** On a XAPI lab host instead of libvirt. */
  xenserver: z.boolean().default(false),
})
const shape = z.object({ ...choicesShape.shape, leasedAfterMs: z.number().optional() })

/** How a lab was brought up, for the next `up`, `status` and `down`. */
export type LabChoices = z.infer<typeof choicesShape>
export type LabRecord = z.infer<typeof shape>

/** Undefined where no lab was brought up. */
export async function readRecord(home: LabHome): Promise<LabRecord | undefined> {
  const text = await readFile(home.record, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined
    throw error
  })
  if (text === undefined) return undefined
  const record = shape.safeParse(JSON.parse(text))
  if (record.success) return record.data
  throw new Slash64Error("DATA_LOSS", `${home.record} is not a lab's record`, {
    hint: `Run \`npm run lab -- down\` of the version that made it, or remove ${home.dir} by hand.`,
  })
}

export async function writeRecord(home: LabHome, record: LabRecord): Promise<void> {
  // QEMU, which libvirt runs as another user, passes through it to its images.
  await mkdir(home.dir, { recursive: true, mode: 0o711 })
  await writeFile(`${home.record}.new`, `${JSON.stringify(record)}\n`, { mode: 0o600 })
  await rename(`${home.record}.new`, home.record)
}

/** INVALID_ARGUMENT when a lab of this kind cannot be made. */
export function checkChoices({ xenserver, network, via, privateLibvirtd }: LabChoices): void {
  const kinds = xenserver ? ["isolated", "vlan"] : ["isolated", "bridge", "openvswitch"]
  const where = xenserver ? "with --xenserver" : "without --xenserver"
  if (!kinds.includes(network)) throw invalid("--network", network, `not there ${where}`, `Give ${kinds.join(" or ")}.`)
  if (xenserver && via !== "local") throw invalid("--via", via, `not there ${where}`, "Leave it out.")
  if (xenserver && privateLibvirtd) {
    throw invalid("--private-libvirtd", privateLibvirtd, `not there ${where}`, "Leave it out.")
  }
}

/** The record of the lab that `choices` ask for. FAILED_PRECONDITION when another kind of lab is up here. */
export async function openRecord(home: LabHome, choices: LabChoices): Promise<LabRecord> {
  const record = await readRecord(home)
  if (record === undefined) {
    await writeRecord(home, choices)
    return choices
  }
  const differs = (["xenserver", "network", "via", "privateLibvirtd"] as const).find(
    (name) => record[name] !== choices[name],
  )
  if (differs === undefined) return record
  const value = String(choices[differs])
  throw new Slash64Error(
    "FAILED_PRECONDITION",
    `a lab with ${differs} ${String(record[differs])} is up in ${home.dir}`,
    {
      field: differs,
      value,
      hint: "Run `npm run lab -- down` first, or give another --dir.",
    },
  )
}
