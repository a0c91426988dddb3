import type { ServerChannel } from "ssh2"
import type { FakeRouter } from "./fake-router.fixture.ts"

/** `slash64-router serve`: answers what has come whole. */
export async function serveChannel(router: FakeRouter, command: string, channel: ServerChannel): Promise<void> {
  if (command !== `slash64-router serve ${router.protocol}`) {
    channel.write('{"error":"INVALID","message":"slash64-router has status, manifest, apply and release"}\n')
    channel.exit(1)
    channel.end()
    return
  }
  channel.write(`slash64-router ${router.protocol}\n`)
  let received = Buffer.alloc(0)
  for await (const chunk of channel) {
    received = Buffer.concat([received, chunk])
    for (;;) {
      const end = received.indexOf("\n")
      const line = received.subarray(0, end).toString()
      const next = end + 1 + router.bodyLength(line)
      if (end === -1 || received.length < next || router.faults.hang) break
      await router.faults.delay?.(line)
      const { exitCode, stdout } = router.run(line, received.subarray(end + 1, next))
      received = received.subarray(next)
      router.faults.beforeAnswer?.()
      channel.write(`${stdout}. ${exitCode}\n`)
    }
  }
}
