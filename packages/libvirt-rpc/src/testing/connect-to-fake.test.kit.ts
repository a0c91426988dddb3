import { connect, type ConnectOptions } from "../connect.ts"
import type { Connection } from "../connection.ts"
import { FakeLibvirtd } from "./fake-libvirtd.test.kit.ts"

/** A client that is connected to a fake libvirtd. */
export async function connectToFake(
  options: ConnectOptions = {},
  server = new FakeLibvirtd(),
): Promise<{ readonly connection: Connection; readonly server: FakeLibvirtd }> {
  const transport = (): Promise<FakeLibvirtd["clientEnd"]> => Promise.resolve(server.clientEnd)
  const connection = await connect("qemu:///system", { transport, ...options })
  return { connection, server }
}

/** The XML of a domain, as far as the fake reads it. */
export function domainXml(name: string, uuid: string): string {
  return `<domain type='qemu'><name>${name}</name><uuid>${uuid}</uuid></domain>`
}
