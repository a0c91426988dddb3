/**
 * What the rooms of this package ask of libvirt, in plain values: names, UUIDs as text, XML as text. Foreign errors
 * are translated behind it, once. `find` gives undefined for what is not there; a delete of it is a success.
 */
export interface Libvirt {
  readonly networks: LibvirtNetworks
  readonly domains: LibvirtDomains
  readonly pools: LibvirtPools
  /** Libvirt's and the hypervisor's versions: `9.0.0`; no hypervisor where none is installed. */
  versions(signal: AbortSignal): Promise<{ readonly libvirt: string; readonly hypervisor: string | undefined }>
  /** The `<capabilities>` document. */
  capabilities(signal: AbortSignal): Promise<string>
  /** Yields until the signal is aborted, then ends. It is subscribed when the promise resolves. */
  events(signal: AbortSignal): Promise<AsyncIterable<DomainEvent>>
  close(): Promise<void>
}

export interface ListedNetwork {
  readonly document: string
  readonly isActive: boolean
}

export interface LibvirtNetworks {
  list(signal: AbortSignal): Promise<readonly ListedNetwork[]>
  find(name: string, signal: AbortSignal): Promise<string | undefined>
  define(xml: string, signal: AbortSignal): Promise<void>
  setAutostart(name: string, signal: AbortSignal): Promise<void>
  /** Active already: success. */
  start(name: string, signal: AbortSignal): Promise<void>
  /** Not active, or not there: success. */
  stop(name: string, signal: AbortSignal): Promise<void>
  undefine(name: string, signal: AbortSignal): Promise<void>
  /** The ids of its ports; none of one that is not active, or not there. */
  portIds(name: string, signal: AbortSignal): Promise<readonly string[]>
}

export interface Domain {
  readonly uuid: string
  readonly name: string
  readonly running: boolean
  readonly persistent: boolean
}

/** Which of a domain's two states a change is for. */
export interface DeviceTarget {
  readonly live: boolean
  readonly config: boolean
}

export interface LibvirtDomains {
  list(signal: AbortSignal): Promise<readonly Domain[]>
  find(uuid: string, signal: AbortSignal): Promise<Domain | undefined>
  findByName(name: string, signal: AbortSignal): Promise<Domain | undefined>
  /** The running state's document, or what the next start will be; undefined when the domain is gone. */
  xml(uuid: string, state: "live" | "config", signal: AbortSignal): Promise<string | undefined>
  define(xml: string, signal: AbortSignal): Promise<void>
  setAutostart(uuid: string, autostart: boolean, signal: AbortSignal): Promise<void>
  /** Running already: success. */
  start(uuid: string, signal: AbortSignal): Promise<void>
  destroy(uuid: string, signal: AbortSignal): Promise<void>
  undefine(uuid: string, signal: AbortSignal): Promise<void>
  attachDevice(uuid: string, xml: string, target: DeviceTarget, signal: AbortSignal): Promise<void>
  /** Finds the device by its MAC or address, and changes what differs. */
  updateDevice(uuid: string, xml: string, target: DeviceTarget, signal: AbortSignal): Promise<void>
  /** Asks for the removal; a running guest may take its time. Absent: success. */
  detachDevice(uuid: string, alias: string, target: DeviceTarget, signal: AbortSignal): Promise<void>
  /** What the guest agent sees; undefined when none answers. */
  agentInterfaces(uuid: string, signal: AbortSignal): Promise<readonly GuestInterface[] | undefined>
}

export interface GuestInterface {
  readonly name: string
  readonly mac: string
  readonly addresses: readonly string[]
}

export interface LibvirtPools {
  find(pool: string, signal: AbortSignal): Promise<string | undefined>
  /** Defines the pool, makes its directory, starts it now and with the host. Repeated: success. */
  ensure(pool: string, xml: string, signal: AbortSignal): Promise<void>
  /** Stops and undefines the pool, and removes its directory when it is empty. */
  remove(pool: string, signal: AbortSignal): Promise<void>
  /** Bytes that are free where the pool is. */
  available(pool: string, signal: AbortSignal): Promise<number>
  /** Makes a directory of mode 0755 on the host, with what is above it. There already: success. */
  makeDirectory(path: string, signal: AbortSignal): Promise<void>
  volumes(pool: string, signal: AbortSignal): Promise<readonly Volume[]>
  findVolume(pool: string, name: string, signal: AbortSignal): Promise<Volume | undefined>
  /** When the volume's file was last written, ms since 1970; undefined when it is gone. */
  writtenAt(pool: string, name: string, signal: AbortSignal): Promise<number | undefined>
  createVolume(pool: string, xml: string, signal: AbortSignal): Promise<Volume>
  deleteVolume(pool: string, name: string, signal: AbortSignal): Promise<void>
  /** Writes `length` bytes from the volume's start on. */
  upload(
    pool: string,
    name: string,
    bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    length: number,
    signal: AbortSignal,
  ): Promise<void>
  download(pool: string, name: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>
}

export interface Volume {
  readonly name: string
  /** The file on the host. */
  readonly path: string
}

export type DomainEvent =
  | { readonly kind: "started" | "stopped" | "undefined"; readonly uuid: string }
  | { readonly kind: "device-removed"; readonly uuid: string; readonly alias: string }
