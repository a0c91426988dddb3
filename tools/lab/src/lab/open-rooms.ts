import { mkdir } from "node:fs/promises"
import { openHosts, openRooms, openSecretFile, openSqliteStore } from "@slash64/core"
import type { HostRecord, Rooms } from "@slash64/core"
import kvm from "@slash64/kvm"
import { createRouterControl, openKeyStore } from "@slash64/router"
import xenserver from "@slash64/xenserver"
import type { LabHome } from "./lab-home.ts"
import type { LabChoices } from "./lab-record.ts"

/** The lab as a management server: its own store and keys, the plugins, and one host. */
export interface LabRooms {
  readonly rooms: Rooms
  close(): Promise<void>
}

export async function openLabRooms(home: LabHome): Promise<LabRooms> {
  await mkdir(home.keys, { recursive: true, mode: 0o700 })
  const store = await openSqliteStore({ file: home.store, secret: openSecretFile(home.secret) })
  const hosts = openHosts(store, [kvm, xenserver])
  const routers = createRouterControl({ keys: openKeyStore({ directory: home.keys }) })
  return {
    rooms: openRooms({ store, hosts, routers }),
    async close() {
      await routers.close()
      await hosts.close()
      await store.close()
    },
  }
}

/** This machine as the plugin's host. */
export function hostRecord(home: LabHome, choices: LabChoices, access: HostAccess, accel: "kvm" | "tcg"): HostRecord {
  const control = choices.privateLibvirtd ? { control: { bridge: home.names.controlBridge } } : {}
  // A libvirtd that ran before offers KVM wherever there is a /dev/kvm, whether it works or not.
  const config = { ...access, ...control, storage: home.images, emulation: accel }
  return { name: home.names.host, plugin: "kvm", config }
}

/** How the plugin reaches this machine. */
export interface HostAccess {
  readonly uri: string
  readonly hostKey?: string
  readonly privateKey?: string
}
