import { readFileSync } from "node:fs"
import { join } from "node:path"
import { askControl } from "@slash64/tool-lab"
import { z } from "zod"
import type { TestLab } from "./lab-command.ts"
import { callRaw } from "./xapi-client.ts"

const shownPool = z.object({
  urls: z.tuple([z.string()]),
  certificateFiles: z.tuple([z.string()]),
  user: z.string(),
  passwordFile: z.string(),
  links: z.array(z.string()),
})
const records = z.record(z.string(), z.record(z.string(), z.unknown()))

/** What the pool of a lab says of itself. */
export async function showPool(lab: TestLab): Promise<z.infer<typeof shownPool>> {
  return shownPool.parse(await askControl(join(lab.dir, "xapi/control"), "show", {}))
}

/** All objects of a class, as the pool's administrator sees them. */
export async function readRecords(lab: TestLab, name: string): Promise<readonly Record<string, unknown>[]> {
  const { urls, certificateFiles, user, passwordFile } = await showPool(lab)
  const call = async (method: string, ...params: readonly unknown[]) =>
    (await callRaw(urls[0], method, params, readFileSync(certificateFiles[0], "utf8"))).result
  const session = await call("session.login_with_password", user, readFileSync(passwordFile, "utf8").trim())
  return Object.values(records.parse(await call(`${name}.get_all_records`, session)))
}
