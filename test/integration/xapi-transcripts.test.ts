import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type XapiLabHost, simulateHalf, startXapiLabHost } from "@slash64/tool-xapi-lab-host"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { XapiSession } from "./xapi-client.ts"
import { makeGoldenTemplate } from "./xapi-golden.ts"
import { readScenarios, replay } from "./xapi-replay.ts"

const directory = mkdtempSync(join(tmpdir(), "xapi-transcripts-"))
let host: XapiLabHost

beforeAll(async () => {
  host = await startXapiLabHost({
    directory,
    account: { user: "root", password: "lab" },
    hosts: [
      { name: "one", address: "127.0.0.1", devices: ["eth0", "eth1"], below: async (ended) => simulateHalf(ended) },
    ],
  })
  await makeGoldenTemplate(await XapiSession.open(host.urls[0] ?? "", "root", "lab"))
})
afterAll(async () => {
  await host.close()
  rmSync(directory, { recursive: true })
})

describe("the transcripts of a running xapi, on a simulated hypervisor like its own", () => {
  it.each(readScenarios())("$name", async (scenario) => {
    expect(await replay(host.urls[0] ?? "", scenario, ["xcpsim", "lab"])).toEqual([])
  })
})
