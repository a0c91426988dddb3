import { createHash } from "node:crypto"
import { join } from "node:path"

/** Where a lab keeps what it makes, and how it names it; two labs of one machine share nothing. */
export interface LabHome {
  readonly dir: string
  /** Options that this lab was brought up with; there before anything else is made. */
  readonly record: string
  /** For `slash64 --db`: the routers' keys are beside it, as the command line keeps them. */
  readonly store: string
  /** Private keys of the routers and of their driver. */
  readonly keys: string
  /** What stable addresses are made with. */
  readonly secret: string
  /** Libvirt's images of the router. */
  readonly images: string
  /** Kernel and initramfs of the guest, where QEMU may read them whoever it runs as. */
  readonly guestImage: string
  readonly guestConsole: string
  readonly libvirtd: string
  readonly sshd: string
  /** All of the XAPI lab host. */
  readonly pool: string
  readonly names: LabNames
}

export interface LabNames {
  readonly host: string
  readonly network: string
  /** A bridge that the lab makes itself: at most 15 characters. */
  readonly bridge: string
  /** The routers' control bridge under a libvirtd of the lab's own, beside that of the machine's. */
  readonly controlBridge: string
  readonly guest: string
  readonly guestUuid: string
  /** A unique local prefix (RFC 4193 section 3.1), the same each time. */
  readonly prefix: string
}

export const defaultLabDir = "/var/lib/slash64-lab"

/** Downloads and images by their inputs, for every lab of this checkout; `down` keeps them. */
export const cacheDir = join(import.meta.dirname, "../../../../.cache")

export function labHome(dir: string): LabHome {
  const hash = createHash("sha256").update(`slash64 lab ${dir}`).digest("hex")
  const short = hash.slice(0, 8)
  return {
    dir,
    record: join(dir, "lab.json"),
    store: join(dir, "state/slash64.db"),
    keys: join(dir, "state/keys"),
    secret: join(dir, "state/secret"),
    images: join(dir, "images"),
    guestImage: join(dir, "guest"),
    guestConsole: join(dir, "guest-console.log"),
    libvirtd: join(dir, "libvirtd"),
    sshd: join(dir, "sshd"),
    pool: join(dir, "xapi"),
    names: {
      host: "lab",
      network: `lab-${short}`,
      bridge: `s64lab${short}`,
      controlBridge: `s64ctl${short}`,
      guest: `slash64-lab-guest-${short}`,
      // Version 8: the bits are ours to choose (RFC 9562 section 5.8).
      guestUuid: `${hash.slice(8, 16)}-${hash.slice(16, 20)}-8${hash.slice(20, 23)}-8${hash.slice(23, 26)}-${hash.slice(26, 38)}`,
      prefix: `fd${hash.slice(38, 40)}:${hash.slice(40, 44)}:${hash.slice(44, 48)}:1::/64`,
    },
  }
}
