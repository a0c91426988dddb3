import { connect } from "node:net"
import type { Duplex } from "node:stream"
import { Slash64Error, abortError, checkAborted } from "@slash64/core"

/** A TCP stream from here. UNAVAILABLE when it is refused, DEADLINE_EXCEEDED when nobody answers within `openMs`. */
export async function openTcp(
  { host, port }: { readonly host: string; readonly port: number },
  openMs: number,
  caller: AbortSignal,
): Promise<Duplex> {
  checkAborted(caller)
  const signal = AbortSignal.any([caller, AbortSignal.timeout(openMs)])
  const socket = connect({ host, port, noDelay: true })
  const { promise, resolve, reject } = Promise.withResolvers<Duplex>()
  const abort = (): void => reject(abortError(signal))
  const failed = (cause: Error): void => reject(unreachable(host, port, cause))
  signal.addEventListener("abort", abort, { once: true })
  socket.once("error", failed)
  socket.once("connect", () => resolve(socket))
  try {
    return await promise
  } catch (error) {
    socket.destroy()
    throw error
  } finally {
    signal.removeEventListener("abort", abort)
    if (!socket.destroyed) socket.off("error", failed)
  }
}

function unreachable(host: string, port: number, cause: Error): Slash64Error {
  return new Slash64Error("UNAVAILABLE", `${host} port ${port} does not answer: ${cause.message}`, {
    hint: "Call again when it is up.",
    cause,
  })
}
