import { spawn } from "node:child_process"
import { once } from "node:events"
import { type AddressInfo, type Socket, createServer } from "node:net"
import { type SshdFiles, ensureSshdFiles } from "@slash64/tool-lab"

export interface SshDoorRequest {
  /** Holds its keys. */
  readonly directory: string
  readonly address: string
  /** 0: any free one. */
  readonly port: number
  /** The words before a program's name that run it on the host. */
  readonly enter: readonly string[]
}

/** The SSH server of a host's dom0: reached at the host's address, and inside the host's own network. */
export interface SshDoor extends Pick<SshdFiles, "hostKey" | "identity"> {
  readonly port: number
  /** Sessions end too. */
  close(): Promise<void>
}

/** Each connection is an `sshd -i` of its own, run on the host, so that what it forwards comes from there. */
export async function openSshDoor({ directory, address, port, enter }: SshDoorRequest): Promise<SshDoor> {
  const { config, hostKey, identity } = await ensureSshdFiles(directory, [])
  const sockets = new Set<Socket>()
  const [program, ...words] = [...enter, "/usr/sbin/sshd", "-i", "-e", "-f", config]
  const server = createServer((socket) => {
    sockets.add(socket)
    const sshd = spawn(program, words, { stdio: ["pipe", "pipe", "ignore"] })
    socket.once("close", () => {
      sockets.delete(socket)
      sshd.kill()
    })
    for (const stream of [socket, sshd, sshd.stdin, sshd.stdout]) stream.on("error", () => socket.destroy())
    sshd.once("close", () => socket.destroy())
    socket.pipe(sshd.stdin)
    sshd.stdout.pipe(socket)
  })
  server.listen(port, address)
  await once(server, "listening")
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what a listening TCP server has
  const own = server.address() as AddressInfo
  return {
    port: own.port,
    hostKey,
    identity,
    async close() {
      server.close()
      for (const socket of sockets) socket.destroy()
      await once(server, "close")
    },
  }
}
