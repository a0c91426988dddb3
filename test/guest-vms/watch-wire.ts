import { spawn } from "node:child_process"
import { once } from "node:events"
import { createInterface } from "node:readline"

/** What goes over a link from when it is watched: lines of tcpdump, a packet's first with the time in seconds at its head. */
export interface WireWatch {
  lines(): readonly string[]
  end(): Promise<void>
}

export async function watchWire(enter: readonly string[], port: string, filter: string): Promise<WireWatch> {
  const tcpdump = ["tcpdump", "-n", "-e", "-v", "-tt", "-l", "--immediate-mode", "-i", port, filter]
  const [program = "", ...words] = [...enter, ...tcpdump]
  const child = spawn(program, words, { stdio: ["ignore", "pipe", "pipe"] })
  const ended = once(child, "exit")
  const seen: string[] = []
  createInterface(child.stdout).on("line", (line) => seen.push(line))
  const said = createInterface(child.stderr)
  for await (const line of said) if (line.includes("listening on")) break
  return {
    lines: () => seen,
    async end() {
      child.kill("SIGINT")
      await ended
    },
  }
}

/** When the guest of this MAC first spoke to a DHCPv6 server since `from`, in seconds since 1970: with Confirm where it has a lease. */
export function firstQuestion(lines: readonly string[], mac: string, from: number): number | undefined {
  const times = lines
    .filter((line) => line.split(" ")[1] === mac && /dhcp6 (solicit|confirm|request|renew|rebind)/.test(line))
    .map((line) => Number(line.split(" ")[0]))
  return times.find((time) => time >= from)
}
