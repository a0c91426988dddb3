import { createHash } from "node:crypto"
import { mkdir, readFile, rename, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { z } from "zod"

const choicesShape = z.object({
  hosts: z.union([z.literal(1), z.literal(2)]),
  tls: z.boolean(),
  accel: z.enum(["kvm", "tcg"]),
})
const planShape = z.object({
  ...choicesShape.shape,
  /** The same after a restart; 0 before the first start. */
  port: z.int(),
  sshPort: z.int(),
})

/** What a pool is made as. */
export type PoolChoices = z.infer<typeof choicesShape>
export type LabPlan = z.infer<typeof planShape>

export const devices = ["eth0", "eth1"] as const
export const account = { user: "root", passwordFile: "password" } as const

/** The plan of the pool in this directory. Rejects when it was made otherwise; without choices it is as it was made. */
export async function openPlan(dir: string, choices: PoolChoices | undefined): Promise<LabPlan> {
  // Sockets are below it, and the path of one has 107 characters at most (unix(7)).
  if (dir.length > 50) throw new Error(`${dir} has more than 50 characters: choose a shorter --dir`)
  const text = await readFile(planFile(dir), "utf8").catch(() => undefined)
  if (text === undefined) return { hosts: 1, tls: true, accel: "tcg", ...choices, port: 0, sshPort: 0 }
  const plan = { ...planShape.parse(JSON.parse(text)), ...(choices !== undefined && { accel: choices.accel }) }
  if (choices === undefined || (choices.hosts === plan.hosts && choices.tls === plan.tls)) return plan
  throw new Error(
    `the pool in ${dir} has ${plan.hosts} host(s) and ${plan.tls ? "HTTPS" : "HTTP"}: choose another --dir`,
  )
}

export async function writePlan(dir: string, plan: LabPlan): Promise<void> {
  await mkdir(dir, { recursive: true, mode: 0o700 })
  await writeFile(`${planFile(dir)}.new`, `${JSON.stringify(plan)}\n`)
  await rename(`${planFile(dir)}.new`, planFile(dir))
}

export interface PlannedHost {
  readonly name: string
  readonly address: string
  /** Holds its switch and its machines. */
  readonly directory: string
  /** Of its NICs' cables, in their order. */
  readonly farEnds: readonly string[]
}

/** The hosts of a plan, with names that no other pool of this machine has. */
export function plannedHosts(dir: string, hosts: number): readonly PlannedHost[] {
  const short = shortName(dir)
  return Array.from({ length: hosts }, (_, index) => ({
    name: `host-${index + 1}`,
    address: `127.0.0.${index + 1}`,
    directory: join(dir, `host-${index + 1}`),
    farEnds: devices.map((_device, nic) => `s64x${short}${index}${nic}`),
  }))
}

/** The bridges of this machine that join the NICs of several hosts, in the order of these. */
export function joiningBridges(dir: string): readonly string[] {
  return devices.map((_, nic) => `s64y${shortName(dir)}${nic}`)
}

function planFile(dir: string): string {
  return join(dir, "plan.json")
}

function shortName(dir: string): string {
  return createHash("sha256").update(`slash64 xapi ${dir}`).digest("hex").slice(0, 8)
}
