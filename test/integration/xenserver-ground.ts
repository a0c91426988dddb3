import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type HypervisorHost, newCall } from "@slash64/core"
import {
  type Disturb,
  type LabHostPlan,
  type XapiLabHost,
  simulateHalf,
  startXapiLabHost,
} from "@slash64/tool-xapi-lab-host"
import { connectHost, parseXenserverConfig } from "@slash64/xenserver"
import { XapiSession } from "./xapi-client.ts"
import { makeGoldenTemplate } from "./xapi-golden.ts"

/** One XAPI host without machines, whose guests have drivers, and connections of the plugin to it. */
export interface XenserverGround {
  readonly lab: XapiLabHost
  readonly xapi: XapiSession
  /** A new VM, halted. */
  makeVm(name: string): Promise<{ readonly ref: string; readonly id: string }>
  /** With more of the configuration, if any. */
  connect(more?: Readonly<Record<string, unknown>>): Promise<HypervisorHost>
  /** Ends the toolstack, and starts it again: on the database of now, or on one that was saved. */
  restart(from?: string): Promise<void>
  /** Keeps the database as it is; gives its name. */
  saveDatabase(): string
  stop(): Promise<void>
}

const below: LabHostPlan["below"] = async (ended) => ({ ...simulateHalf(ended), hasDrivers: async () => true })

export async function startXenserverGround(disturb?: Disturb): Promise<XenserverGround> {
  const directory = mkdtempSync(join(tmpdir(), "xenserver-"))
  const state = join(directory, "pool", "state.json")
  writeFileSync(join(directory, "password"), "lab", { mode: 0o600 })
  const start = (port = 0): Promise<XapiLabHost> =>
    startXapiLabHost({
      directory: join(directory, "pool"),
      account: { user: "root", password: "lab" },
      hosts: [{ name: "one", address: "127.0.0.1", devices: ["eth0", "eth1"], below }],
      port,
      ...(disturb !== undefined && { disturb }),
    })
  let lab = await start()
  let xapi = await XapiSession.open(lab.urls[0] ?? "", "root", "lab")
  const { vm: template } = await makeGoldenTemplate(xapi)
  const opened: HypervisorHost[] = []
  let saved = 0
  return {
    get lab() {
      return lab
    },
    get xapi() {
      return xapi
    },
    async makeVm(name) {
      const ref = await xapi.text("VM.clone", template, name)
      await xapi.call("VM.provision", ref)
      return { ref, id: await xapi.text("VM.get_uuid", ref) }
    },
    async connect(more = {}) {
      const account = { user: "root", password: `file:${join(directory, "password")}` }
      const config = parseXenserverConfig({ url: lab.urls, ...account, ...more })
      const host = await connectHost(config, newCall({ timeoutMs: 60_000 }))
      opened.push(host)
      return host
    },
    async restart(from) {
      const { port } = lab
      await lab.close()
      if (from !== undefined) cpSync(from, state)
      lab = await start(port)
      xapi = await XapiSession.open(lab.urls[0] ?? "", "root", "lab")
    },
    saveDatabase() {
      const name = join(directory, `saved-${saved++}`)
      cpSync(state, name)
      return name
    },
    async stop() {
      await Promise.all(opened.map((host) => host.close()))
      await lab.close()
      rmSync(directory, { recursive: true })
    },
  }
}
