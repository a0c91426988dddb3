import { once } from "node:events"
import { mkdir, writeFile } from "node:fs/promises"
import { connect } from "node:net"
import { join } from "node:path"
import type { Call, RouterControl, RouterEndpoint, RouterState } from "@slash64/core"
import { createRouterControl, openKeyStore } from "@slash64/router"
import { buildTemplate, controlAddress, defaultCacheDir, startMachine } from "@slash64/tool-systemvm"
import ssh2 from "ssh2"
import { benchState } from "./bench-state.ts"
import type { Bench } from "./measure.ts"

/** A router VM under QEMU's own emulation, and two ways to it: ours, and a bare connection of ssh2 that is held. */
export interface BenchRouter {
  readonly control: RouterControl
  readonly endpoint: RouterEndpoint
  readonly raw: RawSsh
  /** Its state with so many reservations, of which `name` makes another set. */
  readonly state: (revision: number, count: number, name?: string) => RouterState
  readonly call: () => Call
  close(): Promise<void>
}

/** The limit: what ssh2 does by itself. */
export interface RawSsh {
  exec(command: string): Promise<string>
  /** Writes a file by SFTP, all pieces of it under way at once. */
  put(path: string, bytes: Uint8Array): Promise<void>
}

/** Builds the template where it is not built and boots a router from it. */
export async function startBenchRouter(bench: Bench, routerId: string): Promise<BenchRouter> {
  const directory = join(bench.directory, routerId)
  await mkdir(directory)
  const outDir = join(defaultCacheDir, "bench")
  bench.progress("building the template")
  const { file } = await buildTemplate({ outDir, signal: bench.signal })
  const keys = openKeyStore({ directory: join(directory, "keys") })
  const control = createRouterControl({ keys })
  const seed = join(directory, "seed")
  const { guestMac, controlMac, serverDuid } = benchState({ routerId, revision: 1, count: 0 })
  await writeFile(seed, await control.seed({ routerId, guestMac, controlMac, controlAddress, serverDuid }))
  bench.progress("booting a router")
  const machine = await startMachine({ directory, template: join(outDir, file), seed, controlMac, guestMac })
  const call = () => ({ requestId: "bench", signal: bench.signal, report: () => undefined })
  const endpoint: RouterEndpoint = {
    routerId,
    vmId: routerId,
    hostKey: (await control.identity(routerId)).hostKey,
    async open({ signal }) {
      const socket = connect({ host: "127.0.0.1", port: machine.port, noDelay: true, signal })
      await once(socket, "connect", { signal })
      return socket
    },
  }
  const state: BenchRouter["state"] = (revision, count, name) => benchState({ routerId, revision, count, name })
  try {
    await machine.waitFor("sshd is ready", AbortSignal.any([bench.signal, AbortSignal.timeout(300_000)]))
    const raw = await connectRaw(endpoint, (await keys.managementKey()).privateKey, call())
    return {
      control,
      endpoint,
      raw,
      state,
      call,
      async close() {
        raw.end()
        await control.close()
        await machine.kill()
      },
    }
  } catch (error) {
    await control.close()
    await machine.kill()
    throw error
  }
}

async function connectRaw(endpoint: RouterEndpoint, privateKey: string, call: Call) {
  const client = new ssh2.Client()
  // One nobody listens to would end the process: the router is killed before its last words have come.
  client.on("error", () => undefined)
  const sock = await endpoint.open(call)
  const ready = once(client, "ready", { signal: call.signal })
  client.connect({ sock, username: "root", privateKey })
  // Without it a command waits for a delayed acknowledgement, which would be a limit easy to beat.
  client.setNoDelay(true)
  await ready
  const sftp = await new Promise<ssh2.SFTPWrapper>((resolve, reject) =>
    client.sftp((error, channel) => (error ? reject(error) : resolve(channel))),
  )
  return {
    exec: (command: string) =>
      new Promise<string>((resolve, reject) =>
        client.exec(command, (error, channel) => {
          if (error) return reject(error)
          let said = ""
          channel.on("data", (chunk: Buffer) => (said += chunk.toString()))
          channel.on("close", () => resolve(said))
        }),
      ),
    put: (path: string, bytes: Uint8Array) => putFile(sftp, path, Buffer.from(bytes)),
    end: () => client.end(),
  }
}

const pieceBytes = 32_768

function putFile(sftp: ssh2.SFTPWrapper, path: string, bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) =>
    sftp.open(path, "w", (error, handle) => {
      if (error) return reject(error)
      const pieces = Math.ceil(bytes.length / pieceBytes)
      let left = pieces
      for (let piece = 0; piece < pieces; piece++) {
        const at = piece * pieceBytes
        const length = Math.min(pieceBytes, bytes.length - at)
        sftp.write(handle, bytes, at, length, at, (failed) => {
          if (failed) return reject(failed)
          left -= 1
          if (left === 0) sftp.close(handle, (unclosed) => (unclosed ? reject(unclosed) : resolve()))
        })
      }
    }),
  )
}
