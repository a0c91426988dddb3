import { createServer } from "node:net"
import { Slash64Error } from "@slash64/core"
import type { LabHome } from "./lab-home.ts"

/**
 * Does `deed` while no other process brings the same lab up or takes it down. The lock is an abstract unix socket
 * (unix(7)): the kernel takes it back however this process ends. FAILED_PRECONDITION while another one holds it.
 */
export async function whileLocked<Result>(home: LabHome, deed: () => Promise<Result>): Promise<Result> {
  const lock = createServer()
  await new Promise<void>((resolve, reject) => {
    lock.once("error", reject)
    lock.listen(`\0slash64-${home.names.network}`, resolve)
  }).catch((cause: unknown) => {
    throw new Slash64Error("FAILED_PRECONDITION", `another command works on the lab in ${home.dir}`, {
      field: "dir",
      value: home.dir,
      hint: "Wait until it has ended, then repeat; or give another --dir.",
      cause,
    })
  })
  try {
    return await deed()
  } finally {
    lock.close()
  }
}
