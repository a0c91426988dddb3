import { createHash } from "node:crypto"
import { gunzipSync } from "node:zlib"

/** What the fake can be told to do wrong. */
export interface FakeFaults {
  /** The words with which dnsmasq refuses every set of files. */
  refuse?: string
  /** The words of a command that failed on the router. */
  fail?: string
  /** Others hold the router's lock. */
  busy?: boolean
  /** Commands get no answer. */
  hang?: boolean
  /** What has come is taken up when this resolves. */
  delay?: (line: string) => Promise<void>
  /** Runs before an apply takes the lock: another pusher that is faster. */
  beforeApply?: () => void
  /** Runs after a request was done and before it is answered. */
  beforeAnswer?: () => void
}

interface Answer {
  readonly exitCode: number
  readonly stdout: string
}

/**
 * slash64-router as docs/router-protocol.md has it, in memory: generations, revision, manifest, drift, leases.
 * An apply is whole or nothing.
 */
export class FakeRouter {
  readonly faults: FakeFaults = {}
  /** The requests that it took up. */
  readonly commands: string[] = []
  /** What its `slash64-router` speaks. */
  protocol = 2
  revision = 0
  generation = 0
  /** The manifest's text in use. */
  manifest = ""
  files = new Map<string, string>()
  leases: { address: string; client: string; mac: string; expiresAt: number }[] = []

  get digest(): string {
    return this.manifest === "" ? "none" : sha256(this.manifest)
  }

  get reservations(): string[] {
    return (this.files.get("reservations") ?? "").split("\n").filter((line) => line !== "")
  }

  /** How many bytes follow a request's line. */
  bodyLength(line: string): number {
    const [verb, length] = line.split(" ")
    return verb === "apply" || verb === "restore" ? Number(length) : 0
  }

  run(line: string, body: Uint8Array): Answer {
    const [verb = "", ...words] = line.split(" ")
    this.commands.push(line)
    switch (verb) {
      case "status":
        return this.status()
      case "manifest":
        return { exitCode: 0, stdout: this.manifest && `${this.manifest}\n${this.files.get("reservations") ?? ""}` }
      case "change":
        return this.take(words, () => this.changed(words.slice(3)))
      case "apply":
        return this.take(words.slice(1), () => this.sent(words.slice(2), body))
      case "leases":
        return { exitCode: 0, stdout: this.leaseLines() }
      case "restore":
        return this.restore(Buffer.from(body).toString())
      case "release":
        this.leases = this.leases.filter(({ mac }) => mac !== words[1])
        return answer({})
      default:
        return refusal("INVALID", `no such command: ${verb}`)
    }
  }

  private status(): Answer {
    return answer({
      routerId: "router-1",
      version: "1",
      revision: this.revision,
      generation: this.generation,
      digest: this.digest,
      bootMs: 4000,
      services: { sshd: "running", dnsmasq: "running" },
      drifted: this.drifted(),
      leases: this.leases.map(({ address, client, expiresAt }) => ({ address, client, expiresAt })),
    })
  }

  private leaseLines(): string {
    return this.leases.map(({ expiresAt, address, client }) => `${expiresAt} 1 ${address} * ${client}\n`).join("")
  }

  private restore(text: string): Answer {
    for (const line of text.split("\n").filter((one) => one !== "")) {
      const [expiresAt, , address = "", , client = ""] = line.split(" ")
      this.leases.push({ expiresAt: Number(expiresAt), address, client, mac: "" })
    }
    return answer({})
  }

  private take([revisionWord, base = "", digest = ""]: readonly string[], read: () => Map<string, string>): Answer {
    this.faults.beforeApply?.()
    if (this.faults.fail !== undefined) return refusal("FAILED", "cp failed", this.faults.fail)
    if (this.faults.busy) return refusal("BUSY", "another command has held the router's lock for 30 s")
    const revision = Number(revisionWord)
    if (revision < this.revision) return refusal("STALE", `revision ${this.revision} is in use`, this.revision)
    if (base !== "none" && base !== this.digest) return refusal("BASE", `the base is ${this.digest}`)
    if (base !== "none" && this.drifted().length > 0) return refusal("BASE", "a file was changed", this.drifted())
    const files = read()
    const manifest = manifestText(files)
    if (sha256(manifest) !== digest) return refusal("INVALID", "the digest differs")
    if (this.faults.refuse !== undefined) return refusal("REFUSED", "dnsmasq refused", this.faults.refuse)
    if (digest !== this.digest) this.generation += 1
    Object.assign(this, { files, manifest, revision })
    return answer({ revision, generation: this.generation, digest })
  }

  private changed(changes: readonly string[]): Map<string, string> {
    const hosts = new Map(this.reservations.map((line) => [line.slice(0, 17), line]))
    for (const change of changes) {
      const [line, mac] = [change.slice(1), change.slice(1, 18)]
      if (hosts.has(mac) === change.startsWith("+")) throw new Error(`a change of something else: ${change}`)
      if (change.startsWith("-")) hosts.delete(mac)
      else hosts.set(mac, line)
    }
    const lines = [...hosts.values()].toSorted().map((line) => `${line}\n`)
    return new Map(this.files).set("reservations", lines.join(""))
  }

  private sent([base, , ...parts]: readonly string[], body: Uint8Array): Map<string, string> {
    const files = new Map(base === "none" ? [] : this.files)
    const bytes = gunzipSync(body)
    let at = 0
    for (const part of parts) {
      const [path = "", size] = part.split(":")
      const content = bytes.subarray(at, at + Number(size)).toString()
      at += Number(size)
      if (path !== "manifest") files.set(path, content)
    }
    return files
  }

  private drifted(): string[] {
    const lines = new Set(this.manifest.split("\n"))
    return [...this.files].filter(([path, content]) => !lines.has(`${sha256(content)}  ${path}`)).map(([path]) => path)
  }
}

function manifestText(files: ReadonlyMap<string, string>): string {
  const paths = [...files.keys()].toSorted()
  return paths.map((path) => `${sha256(files.get(path) ?? "")}  ${path}\n`).join("")
}

function answer(line: object): Answer {
  return { exitCode: 0, stdout: `${JSON.stringify(line)}\n` }
}

function refusal(error: string, message: string, detail?: unknown): Answer {
  return { exitCode: 1, stdout: `${JSON.stringify({ error, message, detail })}\n` }
}

function sha256(content: string): string {
  return createHash("sha256").update(content).digest("hex")
}
