import type { Target } from "../wire/session.ts"
import type { Codec } from "../xdr/xdr-codec.ts"
import { decode } from "../xdr/decode.ts"

/** A message that libvirt sends by itself, and what is in it for one who asked. */
export interface EventKind<Event> extends Target {
  readonly read: (payload: Buffer) => Notice<Event>
}

export interface Notice<Event> {
  /** Which registration the event answers. */
  readonly callbackID: number
  readonly event: Event
}

/** `pick` takes the event out of its message: some are wrapped in one that carries the callbackID. */
export function eventKind<Message extends { readonly callbackID: number }, Event>(
  program: number,
  number: number,
  codec: Codec<Message>,
  pick: (message: Message) => Event,
): EventKind<Event> {
  return {
    program,
    number,
    read(payload) {
      const message = decode(codec, payload)
      return { callbackID: message.callbackID, event: pick(message) }
    },
  }
}
