import { duplexPair, type Duplex } from "node:stream"
import { virNetMessageError } from "../generated/codecs.ts"
import { procedures } from "../generated/procedures.ts"
import {
  KEEPALIVE_PROC_PING,
  KEEPALIVE_PROC_PONG,
  KEEPALIVE_PROGRAM,
  REMOTE_AUTH_NONE,
  VIR_NET_CALL,
  VIR_NET_CONTINUE,
  VIR_NET_ERROR,
  VIR_NET_MESSAGE,
  VIR_NET_OK,
  VIR_NET_REPLY,
  VIR_NET_STREAM,
} from "../generated/protocol.ts"
import type { Procedure } from "../procedure.ts"
import { encodeHead, MessageReader, type Message } from "../wire/message.ts"
import { decode } from "../xdr/decode.ts"
import type { Codec } from "../xdr/xdr-codec.ts"
import { XdrWriter } from "../xdr/xdr-writer.ts"
import { FakeHost, Refusal } from "./fake-host.test.kit.ts"

/**
 * A libvirt daemon at the wire: it reads and writes real messages, and keeps its domains, volumes and registrations
 * in a FakeHost, which outlives the connection as libvirtd's state does.
 */
export class FakeLibvirtd {
  readonly host: FakeHost
  /** What the client holds. */
  readonly clientEnd: Duplex
  /** The names of the calls that came, in order. */
  readonly calls: string[] = []
  readonly #end: Duplex
  readonly #uploads = new Map<number, { readonly key: string; readonly parts: Buffer[] }>()
  readonly #handlers = new Map<string, (message: Message) => void>()
  readonly #held = new Map<string, (() => void)[]>()
  /** Never answers anything any more: a host that lost its power. */
  mute = false
  pings = 0
  pongs = 0
  /** False: a download is opened, and what comes is up to the test. */
  sendsVolumes = true
  authTypes: readonly number[] = [REMOTE_AUTH_NONE]

  constructor(host: FakeHost = new FakeHost()) {
    this.host = host
    ;[this.clientEnd, this.#end] = duplexPair()
    const reader = new MessageReader()
    this.#end.on("data", (chunk: Buffer) => reader.push(chunk, (message) => this.#receive(message)))
    this.#end.on("error", () => {})
    this.#serve()
  }

  /** Keeps the replies of this procedure back until the function that it gives is called. */
  hold(procedure: { readonly name: string }): () => void {
    this.#held.set(procedure.name, [])
    return () => {
      const waiting = this.#held.get(procedure.name) ?? []
      this.#held.delete(procedure.name)
      for (const reply of waiting) reply()
    }
  }

  /** The bytes go to the client as they are. */
  sendRaw(bytes: Uint8Array): void {
    this.#end.write(bytes)
  }

  send<T>(
    header: Omit<Message["header"], "vers" | "serial"> & { readonly serial?: number },
    codec: Codec<T>,
    value: T,
  ): void {
    const writer = new XdrWriter()
    codec.write(writer, value)
    this.#write({ vers: 1, serial: 0, ...header }, writer.finish())
  }

  ping(): void {
    this.#write(
      {
        prog: KEEPALIVE_PROGRAM,
        vers: 1,
        proc: KEEPALIVE_PROC_PING,
        type: VIR_NET_MESSAGE,
        serial: 0,
        status: VIR_NET_OK,
      },
      Buffer.alloc(0),
    )
  }

  /** Takes nothing more from the connection, so that it fills up. */
  stopReading(): void {
    this.#end.pause()
  }

  /** The connection breaks. */
  drop(): void {
    this.#end.destroy()
    this.clientEnd.destroy()
  }

  #receive(message: Message): void {
    if (this.mute) return
    const { header } = message
    if (header.prog === KEEPALIVE_PROGRAM) {
      if (header.proc === KEEPALIVE_PROC_PONG) this.pongs++
      else {
        this.pings++
        this.#write({ ...header, proc: KEEPALIVE_PROC_PONG }, Buffer.alloc(0))
      }
      return
    }
    if (header.type === VIR_NET_CALL) {
      const handler = this.#handlers.get(`${header.prog}:${header.proc}`)
      if (handler === undefined) throw new Error(`The fake libvirtd does not know procedure ${header.proc}`)
      handler(message)
    } else if (header.type === VIR_NET_STREAM) this.#receiveStream(message)
  }

  #on<Args, Ret>(procedure: Procedure<Args, Ret>, answer: (args: Args, message: Message) => Ret): void {
    this.#handlers.set(`${procedure.program}:${procedure.number}`, (message) => {
      this.calls.push(procedure.name)
      const reply = (): void => this.#reply(message, procedure, answer)
      const held = this.#held.get(procedure.name)
      if (held === undefined) reply()
      else held.push(reply)
    })
  }

  #reply<Args, Ret>(
    message: Message,
    procedure: Procedure<Args, Ret>,
    answer: (args: Args, message: Message) => Ret,
  ): void {
    const header = { ...message.header, type: VIR_NET_REPLY }
    try {
      const ret = answer(decode(procedure.args, message.payload), message)
      this.send({ ...header, status: VIR_NET_OK }, procedure.ret, ret)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      this.send({ ...header, status: VIR_NET_ERROR }, virNetMessageError, error.wire)
    }
    this.host.flush()
  }

  #serve(): void {
    const p = procedures
    const host = this.host
    this.#on(p.authList, () => ({ types: this.authTypes }))
    this.#on(p.authPolkit, () => ({ complete: host.authPolkit() }))
    this.#on(p.connectOpen, () => {})
    this.#on(p.connectClose, () => {})
    this.#on(p.connectSupportsFeature, () => ({ supported: 1 }))
    this.#on(p.connectGetLibVersion, () => ({ lib_ver: 9_000_000n }))
    this.#on(p.connectGetHostname, () => ({ hostname: "fake" }))
    this.#on(p.domainDefineXmlFlags, ({ xml }) => ({ dom: host.define(xml) }))
    this.#on(p.domainLookupByUuid, ({ uuid }) => ({ dom: host.domain(uuid) }))
    this.#on(p.domainCreate, ({ dom }) => host.start(dom.uuid))
    this.#on(p.domainDestroy, ({ dom }) => host.stop(dom.uuid))
    this.#on(p.domainUndefine, ({ dom }) => host.undefine(dom.uuid))
    this.#on(p.connectDomainEventCallbackRegisterAny, ({ eventID, dom }) => ({
      callbackID: host.register(eventID, dom?.uuid, this),
    }))
    this.#on(p.connectDomainEventCallbackDeregisterAny, ({ callbackID }) => host.deregister(callbackID))
    this.#on(p.storageVolUpload, ({ vol }, { header }) => {
      host.volume(vol.key)
      this.#uploads.set(header.serial, { key: vol.key, parts: [] })
    })
    this.#on(p.storageVolDownload, ({ vol }, message) => {
      const bytes = host.volume(vol.key)
      if (this.sendsVolumes) setImmediate(() => this.#sendVolume(message, bytes))
    })
  }

  /** A packet at a time, each when the one before was taken, as libvirtd does. */
  #sendVolume(message: Message, bytes: Buffer): void {
    const header = { ...message.header, type: VIR_NET_STREAM, status: VIR_NET_CONTINUE }
    this.#write(header, bytes.subarray(0, 262_120), () => {
      if (bytes.length > 0) this.#sendVolume(message, bytes.subarray(262_120))
    })
  }

  #receiveStream({ header, payload }: Message): void {
    const upload = this.#uploads.get(header.serial)
    if (header.status === VIR_NET_CONTINUE) {
      if (upload === undefined) return
      upload.parts.push(Buffer.from(payload))
      const size = upload.parts.reduce((sum, part) => sum + part.length, 0)
      if (size <= this.host.freeBytes) return
      this.#uploads.delete(header.serial)
      const wire = new Refusal(38, 38, "cannot write to stream: No space left on device").wire
      this.send({ ...header, type: VIR_NET_STREAM, status: VIR_NET_ERROR }, virNetMessageError, wire)
      // As libvirtd 9.0 does: one more packet of the stream that it has just ended.
      this.#write({ ...header, status: VIR_NET_OK }, Buffer.alloc(0))
      return
    }
    this.#uploads.delete(header.serial)
    if (header.status === VIR_NET_ERROR) this.host.aborts++
    else if (upload !== undefined) this.host.volumes.set(upload.key, Buffer.concat(upload.parts))
    this.#write({ ...header, status: VIR_NET_OK }, Buffer.alloc(0))
  }

  #write(header: Message["header"], payload: Uint8Array, written?: () => void): void {
    if (this.#end.destroyed) return
    this.#end.write(Buffer.concat([encodeHead(header, payload.length), payload]), () => written?.())
  }
}
