export * from "./generated/constants.ts"
export type * from "./generated/types.ts"
export { connect, type ConnectOptions } from "./connect.ts"
export { Connection, type ConnectionOptions } from "./connection.ts"
export type { EventOptions } from "./events/event-calls.ts"
export type { EventStream } from "./events/event-stream.ts"
export type {
  DomainEvents,
  NetworkEvents,
  NodeDeviceEvents,
  SecretEvents,
  StoragePoolEvents,
} from "./generated/event-tables.ts"
export type { KeepaliveOptions } from "./wire/keepalive.ts"
export { LibvirtConnectionError, type ConnectionErrorCode, type Outcome } from "./connection-error.ts"
export { LibvirtError } from "./libvirt-error.ts"
export type { CallOptions, Procedure, Streaming } from "./procedure.ts"
export { procedures } from "./generated/procedures.ts"
export { parseUri, type LibvirtUri } from "./parse-uri.ts"
export type { Transport } from "./transport/transport.ts"
export { unixSocket } from "./transport/unix-socket.ts"
export { ssh, type SshClientOptions, type SshLoginOptions, type SshOptions } from "./transport/ssh.ts"
export { parseHostKeyPins, type HostKeyPins } from "./transport/host-key-pins.ts"
export { ReconnectingConnection } from "./reconnecting-connection.ts"
