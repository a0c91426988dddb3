import { execFile } from "node:child_process"
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { promisify } from "node:util"

const run = promisify(execFile)
const here = import.meta.dirname

/** As whole_road.py takes them. */
export interface RoadSettings {
  readonly socket: string
  readonly host: { readonly plugin: string; readonly config: object }
  readonly network: string
  readonly vm: string
  readonly manifest: string
  readonly guest?: true
}

/** Generates a client in Python of `openapi.json` in `folder`, and has it go the whole road and back. */
export async function goWholeRoad(folder: string, settings: RoadSettings): Promise<unknown> {
  const { stdout: client } = await run("python3", [join(here, "generate_client.py"), join(folder, "openapi.json")])
  await writeFile(join(folder, "client.py"), client)
  const env = { ...process.env, PYTHONPATH: folder, PYTHONDONTWRITEBYTECODE: "1" }
  const { stdout } = await run("python3", [join(here, "whole_road.py"), JSON.stringify(settings)], { env })
  return JSON.parse(stdout)
}
