/**
 * - `INVALID_ARGUMENT`: an argument, URI or option is not what it should be; nothing was sent.
 * - `ABORTED`: the caller's signal ended the wait.
 * - `UNREACHABLE`: no connection could be made.
 * - `AUTHENTICATION`: libvirt or the SSH server refused this user, or the SSH host key is not the pinned one.
 * - `CLOSED`: the connection is closed, by this side or the other.
 * - `OVERFLOW`: more events came than their reader took.
 * - `KEEPALIVE`: the other side stopped answering.
 * - `PROTOCOL`: the other side sent what is no libvirt message.
 * - `UNSUPPORTED`: a part of the protocol that this client does not speak (file descriptors, sparse streams, SASL).
 */
export type ConnectionErrorCode =
  | "INVALID_ARGUMENT"
  | "ABORTED"
  | "UNREACHABLE"
  | "AUTHENTICATION"
  | "CLOSED"
  | "OVERFLOW"
  | "KEEPALIVE"
  | "PROTOCOL"
  | "UNSUPPORTED"

/** `not-sent`: libvirt never saw the call. `unknown`: it was sent, and may have been done or not. */
export type Outcome = "not-sent" | "unknown"

/** A call that got no answer, and why. What libvirt itself answers is a LibvirtError. */
export class LibvirtConnectionError extends Error {
  override readonly name = "LibvirtConnectionError"
  readonly code: ConnectionErrorCode
  readonly outcome: Outcome

  constructor(code: ConnectionErrorCode, message: string, details: { outcome?: Outcome; cause?: unknown } = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.outcome = details.outcome ?? "not-sent"
  }

  /** The same failure, for a call that was already sent. */
  afterSending(): LibvirtConnectionError {
    return new LibvirtConnectionError(this.code, this.message, { outcome: "unknown", cause: this.cause })
  }
}

/** The connection's owner ended it. */
export function closedByOwner(): LibvirtConnectionError {
  return new LibvirtConnectionError("CLOSED", "The connection was closed by its owner")
}
