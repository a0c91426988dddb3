import type { Duplex } from "node:stream"

/** Opens one byte stream to libvirt's daemon; the signal ends the attempt. */
export type Transport = (signal: AbortSignal) => Promise<Duplex>
