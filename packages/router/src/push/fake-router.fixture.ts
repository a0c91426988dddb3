import { createHash } from "node:crypto"
import { buffer, text } from "node:stream/consumers"
import { extract } from "tar-stream"

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
  /** Runs before an apply takes the lock: another pusher that is faster. */
  beforeApply?: () => void
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
  readonly commands: string[] = []
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
    return [...this.files].filter(([path]) => path.startsWith("hosts.d/")).map(([, content]) => content.trim())
  }

  async run(command: string, input: AsyncIterable<Uint8Array>): Promise<Answer> {
    this.commands.push(command)
    const [program = "", verb = "", ...words] = command.split(" ")
    if (program !== "slash64-router") return { exitCode: 127, stdout: "" }
    switch (verb) {
      case "status":
        return this.status()
      case "manifest":
        return { exitCode: 0, stdout: this.manifest }
      case "apply":
        return this.apply(option(words, "revision"), option(words, "base"), option(words, "digest"), input)
      case "release":
        this.leases = this.leases.filter(({ mac }) => mac !== option(words, "mac"))
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

  private async apply(
    revisionWord: string,
    base: string,
    digest: string,
    input: AsyncIterable<Uint8Array>,
  ): Promise<Answer> {
    const members = await readMembers(input)
    this.faults.beforeApply?.()
    if (this.faults.fail !== undefined) return refusal("FAILED", "cp failed", this.faults.fail)
    if (this.faults.busy) return refusal("BUSY", "another command has held the router's lock for 30 s")
    const revision = Number(revisionWord)
    if (revision < this.revision) return refusal("STALE", `revision ${this.revision} is in use`, this.revision)
    if (base !== "none" && base !== this.digest) return refusal("BASE", `the base is ${this.digest}`)
    const files = new Map(base === "none" ? [] : this.files)
    for (const path of (members.get("delete") ?? "").split("\n")) files.delete(path)
    const sent = [...members].filter(([name]) => name.startsWith("files/"))
    for (const [name, content] of sent) files.set(name.slice("files/".length), content)
    const manifest = manifestText(files)
    if (base === "none" && manifest !== members.get("manifest")) return refusal("INVALID", "files and manifest differ")
    if (sha256(manifest) !== digest) return refusal("BASE", "the digest differs", this.drifted())
    if (this.faults.refuse !== undefined) return refusal("REFUSED", "dnsmasq refused", this.faults.refuse)
    if (digest !== this.digest) this.generation += 1
    Object.assign(this, { files, manifest, revision })
    return answer({ revision, generation: this.generation, digest })
  }

  private drifted(): string[] {
    const lines = new Set(this.manifest.split("\n"))
    return [...this.files].filter(([path, content]) => !lines.has(`${sha256(content)}  ${path}`)).map(([path]) => path)
  }
}

/** Throws when the archive is cut off. */
async function readMembers(input: AsyncIterable<Uint8Array>): Promise<Map<string, string>> {
  const members = new Map<string, string>()
  const archive = extract()
  archive.end(await buffer(input))
  for await (const entry of archive) members.set(entry.header.name, await text(entry))
  return members
}

function manifestText(files: ReadonlyMap<string, string>): string {
  const paths = [...files.keys()].toSorted()
  return paths.map((path) => `${sha256(files.get(path) ?? "")}  ${path}\n`).join("")
}

function option(words: readonly string[], name: string): string {
  return words[words.indexOf(`--${name}`) + 1] ?? ""
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
