import { connect } from "node:net"
import { setTimeout as delay } from "node:timers/promises"

/** Whether a daemon accepts connections on a unix socket now; waits 50 ms before it says no. */
export async function answers(path: string): Promise<boolean> {
  const accepted = await new Promise<boolean>((resolve) => {
    const socket = connect(path)
    socket.once("connect", () => {
      socket.destroy()
      resolve(true)
    })
    socket.once("error", () => resolve(false))
  })
  if (!accepted) await delay(50)
  return accepted
}
