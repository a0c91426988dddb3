import { ensureLoopbackSshd } from "../ground/loopback-sshd.ts"
import type { Libvirtd } from "../libvirtd.ts"
import type { LabHome } from "./lab-home.ts"
import type { LabChoices } from "./lab-record.ts"
import type { HostAccess } from "./open-rooms.ts"

/** The way that the plugin takes to this machine's libvirtd; for `ssh` with an sshd of the lab's own. */
export async function reachHost(
  home: LabHome,
  choices: LabChoices,
  libvirtd: Libvirtd,
  environment: Readonly<Record<string, string>>,
): Promise<HostAccess> {
  if (choices.via === "local") {
    // The plugin runs the host's programs from this process.
    Object.assign(process.env, environment)
    return { uri: libvirtd.uri }
  }
  const sshd = await ensureLoopbackSshd(home.sshd, environment)
  const path = libvirtd.uri.replace(/^qemu:\/\//, "")
  return {
    uri: `qemu+ssh://root@127.0.0.1:${sshd.port}${path}`,
    hostKey: sshd.hostKey,
    privateKey: `file:${sshd.identity}`,
  }
}
