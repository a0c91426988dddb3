import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import {
  type Disturb,
  type SwitchHost,
  type XapiLabHost,
  startSwitchHost,
  startXapiLabHost,
} from "@slash64/tool-xapi-lab-host"
import { XapiSession } from "./xapi-client.ts"

/** One XAPI host on a switch and machines of its own. */
export interface XapiGround {
  readonly below: SwitchHost
  /** The host's own. */
  readonly directory: string
  /** The far end of the cable in its eth1. */
  readonly farEnd: string
  readonly url: string
  /** Ends the toolstack, and starts it again where the machines go on. */
  restart(): Promise<void>
  open(): Promise<XapiSession>
  stop(): Promise<void>
}

export async function startXapiGround(disturb?: Disturb): Promise<XapiGround> {
  const directory = mkdtempSync(join(tmpdir(), "xapi-"))
  const ends = ["a", "b"].map((end) => `x${process.pid}${end}`)
  const nics = ends.map((farEnd, index) => ({ device: `eth${index}`, bridge: `xenbr${index}`, farEnd }))
  const below = await startSwitchHost({ directory, nics, hold: "caller" })
  const start = (): Promise<XapiLabHost> =>
    startXapiLabHost({
      directory: join(directory, "xapi"),
      account: { user: "root", password: "lab" },
      hosts: [{ name: "one", address: "127.0.0.1", devices: ["eth0", "eth1"], below: (ended) => below.open(ended) }],
      ...(disturb !== undefined && { disturb }),
    })
  let host = await start()
  return {
    below,
    directory,
    farEnd: ends[1] ?? "",
    get url() {
      return host.urls[0] ?? ""
    },
    async restart() {
      await host.close()
      host = await start()
    },
    open: () => XapiSession.open(host.urls[0] ?? "", "root", "lab"),
    async stop() {
      await host.close()
      await below.powerOff()
      rmSync(directory, { recursive: true })
    },
  }
}
