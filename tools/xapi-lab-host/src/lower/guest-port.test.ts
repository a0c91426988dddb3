import { mkdtempSync, rmSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { once } from "node:events"
import { createInterface } from "node:readline"
import { expect, it } from "vitest"
import { GuestPort } from "./guest-port.ts"

it("asks again after an agent was silent for its time", async () => {
  const folder = mkdtempSync(join(tmpdir(), "guest-port-"))
  let silent = true
  const agent = createServer((socket) => {
    createInterface({ input: socket }).on("line", (line) => {
      const { execute, arguments: words }: { execute: string; arguments: { id?: number } } = JSON.parse(line)
      if (!silent) socket.write(`${JSON.stringify({ return: execute === "guest-sync" ? words.id : {} })}\n`)
    })
  })
  const path = join(folder, "agent")
  agent.listen(path)
  await once(agent, "listening")
  const port = new GuestPort(path, 200)
  await expect(port.ask("guest-ping")).rejects.toThrow("did not answer in 0.2 s")
  silent = false
  expect(await port.ask("guest-ping")).toEqual({})
  port.close()
  agent.close()
  rmSync(folder, { recursive: true })
})
