import {
  domainEvents,
  networkEvents,
  nodeDeviceEvents,
  qemuMonitorEvent,
  secretEvents,
  storagePoolEvents,
  type DomainEvents,
  type NetworkEvents,
  type NodeDeviceEvents,
  type SecretEvents,
  type StoragePoolEvents,
} from "../generated/event-tables.ts"
import { ProcedureCalls } from "../generated/procedure-calls.ts"
import type { Domain, Network, NodeDevice, QemuDomainMonitorEventMsg, Secret, StoragePool } from "../generated/types.ts"
import { EventHub } from "./event-hub.ts"
import type { EventStream } from "./event-stream.ts"
import { subscribe } from "./subscribe.ts"

export interface EventOptions {
  /** Ends the subscription: a reader gets a LibvirtConnectionError with code ABORTED. */
  readonly signal?: AbortSignal | undefined
}

/**
 * libvirt's events, one method for each kind of object. What an event holds follows from its ID; without an object
 * the events of all objects come.
 */
export abstract class EventCalls extends ProcedureCalls {
  protected readonly events = new EventHub()

  /** @example connection.domainEvents(VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED, { dom }) */
  domainEvents<ID extends keyof DomainEvents>(
    eventID: ID,
    options: EventOptions & { readonly dom?: Domain | null } = {},
  ): Promise<EventStream<DomainEvents[ID]>> {
    const { dom = null, signal } = options
    const registration = {
      register: () => this.connectDomainEventCallbackRegisterAny({ eventID, dom }, { signal }),
      deregister: (callbackID: number) => this.connectDomainEventCallbackDeregisterAny({ callbackID }),
    }
    return subscribe(this.events, domainEvents[eventID], registration, signal)
  }

  /** @example connection.networkEvents(VIR_NETWORK_EVENT_ID_LIFECYCLE) */
  networkEvents<ID extends keyof NetworkEvents>(
    eventID: ID,
    options: EventOptions & { readonly net?: Network | null } = {},
  ): Promise<EventStream<NetworkEvents[ID]>> {
    const { net = null, signal } = options
    const registration = {
      register: () => this.connectNetworkEventRegisterAny({ eventID, net }, { signal }),
      deregister: (callbackID: number) => this.connectNetworkEventDeregisterAny({ callbackID }),
    }
    return subscribe(this.events, networkEvents[eventID], registration, signal)
  }

  /** @example connection.storagePoolEvents(VIR_STORAGE_POOL_EVENT_ID_REFRESH, { pool }) */
  storagePoolEvents<ID extends keyof StoragePoolEvents>(
    eventID: ID,
    options: EventOptions & { readonly pool?: StoragePool | null } = {},
  ): Promise<EventStream<StoragePoolEvents[ID]>> {
    const { pool = null, signal } = options
    const registration = {
      register: () => this.connectStoragePoolEventRegisterAny({ eventID, pool }, { signal }),
      deregister: (callbackID: number) => this.connectStoragePoolEventDeregisterAny({ callbackID }),
    }
    return subscribe(this.events, storagePoolEvents[eventID], registration, signal)
  }

  /** @example connection.nodeDeviceEvents(VIR_NODE_DEVICE_EVENT_ID_LIFECYCLE) */
  nodeDeviceEvents<ID extends keyof NodeDeviceEvents>(
    eventID: ID,
    options: EventOptions & { readonly dev?: NodeDevice | null } = {},
  ): Promise<EventStream<NodeDeviceEvents[ID]>> {
    const { dev = null, signal } = options
    const registration = {
      register: () => this.connectNodeDeviceEventRegisterAny({ eventID, dev }, { signal }),
      deregister: (callbackID: number) => this.connectNodeDeviceEventDeregisterAny({ callbackID }),
    }
    return subscribe(this.events, nodeDeviceEvents[eventID], registration, signal)
  }

  /** @example connection.secretEvents(VIR_SECRET_EVENT_ID_LIFECYCLE) */
  secretEvents<ID extends keyof SecretEvents>(
    eventID: ID,
    options: EventOptions & { readonly secret?: Secret | null } = {},
  ): Promise<EventStream<SecretEvents[ID]>> {
    const { secret = null, signal } = options
    const registration = {
      register: () => this.connectSecretEventRegisterAny({ eventID, secret }, { signal }),
      deregister: (callbackID: number) => this.connectSecretEventDeregisterAny({ callbackID }),
    }
    return subscribe(this.events, secretEvents[eventID], registration, signal)
  }

  /**
   * QEMU's own monitor events, those of one name or all. `flags` are libvirt's
   * VIR_CONNECT_DOMAIN_QEMU_MONITOR_EVENT_REGISTER_*.
   */
  qemuMonitorEvents(
    options: EventOptions & { readonly dom?: Domain | null; readonly event?: string; readonly flags?: number } = {},
  ): Promise<EventStream<QemuDomainMonitorEventMsg>> {
    const { dom = null, event = null, flags = 0, signal } = options
    const registration = {
      register: () => this.qemuConnectDomainMonitorEventRegister({ dom, event, flags }, { signal }),
      deregister: (callbackID: number) => this.qemuConnectDomainMonitorEventDeregister({ callbackID }),
    }
    return subscribe(this.events, qemuMonitorEvent, registration, signal)
  }
}
