import { connect as connectTcp } from "node:net"
import type { Duplex } from "node:stream"
import { type Call, Slash64Error, abortError, isSlash64Error, readSecret } from "@slash64/core"
import { type Connection, connect as connectLibvirt, ssh as sshTransport } from "@slash64/libvirt-rpc"
import type { KvmConfig } from "./config/kvm-config.ts"
import { type LibvirtTarget, parseLibvirtUri } from "./config/libvirt-uri.ts"
import { translateLibvirt } from "./errors/translate-libvirt.ts"
import { localShell } from "./host/local-shell.ts"
import { SshLink } from "./host/ssh-link.ts"
import { sshShell } from "./host/ssh-shell.ts"
import { type KvmHost, kvmHost } from "./kvm-host.ts"
import { rpcLibvirt } from "./libvirt/rpc-libvirt.ts"

/** Opens a libvirt host. UNAVAILABLE when it cannot be reached, UNAUTHENTICATED when it refuses. */
export async function connectHost(config: KvmConfig, call: Call): Promise<KvmHost> {
  const target = parseLibvirtUri(config.uri)
  const host = target.ssh === undefined ? localHost(config) : await remoteHost(config, target, target.ssh)
  try {
    await host.listNetworks(call)
  } catch (error) {
    await host.close()
    throw error
  }
  return host
}

function localHost(config: KvmConfig): KvmHost {
  const libvirt = rpcLibvirt((signal) => openLibvirt(() => connectLibvirt(config.uri, { signal }), signal))
  return kvmHost({ config, libvirt, shell: localShell(), openTcp }, () => libvirt.close())
}

/** One SSH connection carries libvirt, programs and the routers' streams. */
async function remoteHost(
  config: KvmConfig,
  target: LibvirtTarget,
  ssh: NonNullable<LibvirtTarget["ssh"]>,
): Promise<KvmHost> {
  const link = new SshLink({
    ...ssh,
    hostKey: config.hostKey ?? "",
    ...(config.privateKey !== undefined && { privateKey: await readSecret("privateKey", config.privateKey) }),
  })
  const address = { kind: "ssh", host: ssh.host, port: ssh.port, username: ssh.user, sockets: target.sockets } as const
  const transport = async (signal: AbortSignal): Promise<Duplex> =>
    sshTransport(address, { client: await link.client(signal) })(signal)
  const libvirt = rpcLibvirt((signal) =>
    openLibvirt(() => connectLibvirt(target.driver, { signal, transport }), signal),
  )
  const parts = {
    config,
    libvirt,
    shell: sshShell(link, ssh.user),
    openTcp: (host: string, port: number, signal: AbortSignal) => link.openTcp(host, port, signal),
  }
  return kvmHost(parts, async () => {
    await libvirt.close()
    await link.close()
  })
}

async function openLibvirt(open: () => Promise<Connection>, signal: AbortSignal): Promise<Connection> {
  try {
    return await open()
  } catch (error) {
    // The transport's own error says more than libvirt-rpc's words around it.
    const cause = error instanceof Error ? error.cause : undefined
    throw isSlash64Error(cause) ? cause : translateLibvirt(error, signal)
  }
}

function openTcp(host: string, port: number, signal: AbortSignal): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const socket = connectTcp({ host, port, noDelay: true })
    const abort = (): void => {
      socket.destroy()
      reject(abortError(signal))
    }
    signal.addEventListener("abort", abort, { once: true })
    const failed = (cause: Error): void => {
      signal.removeEventListener("abort", abort)
      reject(
        new Slash64Error("UNAVAILABLE", `${host} port ${port} does not answer: ${cause.message}`, {
          hint: "Call again when it is up.",
          cause,
        }),
      )
    }
    socket.once("error", failed)
    socket.once("connect", () => {
      signal.removeEventListener("abort", abort)
      socket.off("error", failed)
      resolve(socket)
    })
  })
}
