import { describe, expect, it } from "vitest"
import { toGuestAgent } from "./guest-agent.ts"
import { readGuestAddresses } from "./read-guest.ts"

const mac = "02:00:00:00:00:01"

describe("readGuestAddresses", () => {
  it("reads what ip shows, and not what it says beside it", async () => {
    const addr_info = [
      { family: "inet6", local: "2001:db8::1" },
      { family: "inet", local: "192.0.2.1" },
    ]
    const answers: Readonly<Record<string, unknown>> = {
      "guest-exec": { pid: 7 },
      "guest-exec-status": {
        exited: true,
        exitcode: 0,
        "out-data": base64(
          `${JSON.stringify([
            { address: "02:00:00:00:00:02", addr_info: [] },
            { address: mac, addr_info },
          ])}\n`,
        ),
        "err-data": base64("Dump was interrupted and may be inconsistent.\n"),
      },
    }
    const agent = toGuestAgent((command) => Promise.resolve(answers[command]))
    expect(await readGuestAddresses(agent, mac)).toEqual(["2001:db8::1"])
    expect(await agent.run("/bin/ip")).toMatchObject({ status: 0, complaints: expect.stringContaining("interrupted") })
  })
})

function base64(text: string): string {
  return Buffer.from(text).toString("base64")
}
