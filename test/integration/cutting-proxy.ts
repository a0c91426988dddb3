import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { connect, createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"

/** Stands between a client and a PostgreSQL server, and loses answers: the server has done what it was asked. */
export interface CuttingProxy {
  /** The directory of its socket. */
  readonly host: string
  /** Cuts the connection instead of the answer to what has this text in it, so many times. */
  lose(text: string, times: number): void
  /** How many answers were lost. */
  readonly lost: number
  close(): Promise<void>
}

const socketName = ".s.PGSQL.5432"

export async function startCuttingProxy(serverHost: string): Promise<CuttingProxy> {
  const host = mkdtempSync(join(tmpdir(), "slash64-cut-"))
  const loss = { text: "", left: 0, lost: 0 }
  const server = createServer((client) => {
    const upstream = connect(join(serverHost, socketName))
    let isDoomed = false
    client.on("data", (data) => {
      if (loss.left > 0 && data.includes(loss.text)) isDoomed = true
      upstream.write(data)
    })
    upstream.on("data", (data) => {
      if (!isDoomed) return client.write(data)
      loss.left--
      loss.lost++
      client.destroy()
      return upstream.destroy()
    })
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const)
      from.on("error", () => to.destroy()).on("close", () => to.destroy())
  })
  server.listen(join(host, socketName))
  await once(server, "listening")
  return {
    host,
    lose(text, times) {
      Object.assign(loss, { text, left: times })
    },
    get lost() {
      return loss.lost
    },
    async close() {
      server.close()
      rmSync(host, { recursive: true, force: true })
    },
  }
}
