import { createHash } from "node:crypto"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { memoryPlugin, newMemoryWorld } from "@slash64/conformance"
import type { MemoryWorld } from "@slash64/conformance"
import { routerIdFor } from "@slash64/core"
import type { HypervisorPlugin } from "@slash64/core"
import { createRouterControl, openKeyStore } from "@slash64/router"
import { openDatabase, openStore, runCli } from "slash64"
import type { Output, World } from "slash64"
import { FakeRouter } from "../../packages/router/src/push/fake-router.fixture.ts"
import { connectRouter, serveRouter } from "./serve-router.ts"

export const web1 = "4dea22b3-1d52-d8f3-2516-782e98ab3fa0"

export interface CliAnswer {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/** What is given to a run beside its arguments. */
export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
  readonly isTerminal?: boolean
  /** Instead of the hypervisor in memory. */
  readonly plugins?: readonly HypervisorPlugin[]
  /** Told what is written to standard error as it is written: a server is long before its end. */
  readonly onStderr?: (text: string) => void
}

/**
 * The whole program in this process: a real database, real keys, real SSH to a router that answers as
 * docs/router-protocol.md has it, and a hypervisor in memory. Network `blue` is the one that has a router to start.
 */
export interface CliLab {
  readonly folder: string
  readonly hypervisor: MemoryWorld
  readonly router: FakeRouter
  /** Where other processes reach the router. */
  readonly routerPort: number
  run(args: readonly string[], options?: RunOptions): Promise<CliAnswer>
  /** Runs with --json; throws when the exit code is another than `exitCode`. */
  json(args: readonly string[], exitCode?: number): Promise<unknown>
  /** Makes host `lab`, network `blue` and its router. */
  prepare(): Promise<void>
  /** A router template's manifest, with its image beside it. */
  writeTemplate(): string
  close(): Promise<void>
}

export async function startCliLab(): Promise<CliLab> {
  const folder = mkdtempSync(join(tmpdir(), "slash64-cli-"))
  const hypervisor = newMemoryWorld([{ id: web1, name: "web1", running: true, persistent: true }], ["br0", "eth1"])
  const router = new FakeRouter()
  const keys = openKeyStore({ directory: join(folder, "state/slash64/keys") })
  const sshd = await serveRouter(
    router,
    await keys.hostKey(routerIdFor("blue")),
    (await keys.managementKey()).publicKey,
  )
  hypervisor.openRouter = () => connectRouter(sshd.port)

  const run = async (args: readonly string[], options: RunOptions = {}): Promise<CliAnswer> => {
    const stdout = recorder(false)
    const stderr = recorder(options.isTerminal === true, options.onStderr)
    const world: World = {
      loadPlugins: async () => options.plugins ?? [memoryPlugin(hypervisor)],
      env: { HOME: folder, XDG_STATE_HOME: join(folder, "state"), ...options.env },
      stdout,
      stderr,
      signal: options.signal ?? new AbortController().signal,
      findTemplateBuilder: async () => undefined,
      openStore,
      database: openDatabase,
      openRouters: (paths) => createRouterControl({ keys: openKeyStore({ directory: paths.keys }) }),
    }
    const exitCode = await runCli(args, world)
    return { exitCode, stdout: stdout.text(), stderr: stderr.text() }
  }

  const json = async (args: readonly string[], exitCode = 0): Promise<unknown> => {
    const answer = await run([...args, "--json"])
    if (answer.exitCode !== exitCode) throw new Error(`exit code ${answer.exitCode}: ${answer.stdout}${answer.stderr}`)
    return JSON.parse(answer.stdout)
  }

  const writeTemplate = (): string => {
    const image = "a router template"
    writeFileSync(join(folder, "router.qcow2"), image)
    const digest = `sha256:${createHash("sha256").update(image).digest("hex")}`
    const manifest = join(folder, "manifest.json")
    writeFileSync(
      manifest,
      JSON.stringify({ version: "1", digest, file: "router.qcow2", format: "qcow2", sizeBytes: 1 }),
    )
    return manifest
  }

  return {
    folder,
    hypervisor,
    router,
    routerPort: sshd.port,
    run,
    json,
    writeTemplate,
    async prepare() {
      await json(["host", "add", "lab", "--plugin", "memory"])
      await json(["network", "create", "blue", "--ipv6", "2001:db8:0:1::/64", "--isolated", "--ra", "router"])
      await json(["template", "register", writeTemplate()])
      await json(["router", "start", "blue"])
    },
    async close() {
      await sshd.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function recorder(isTerminal: boolean, told: (text: string) => void = () => {}): Output & { text(): string } {
  const parts: string[] = []
  return {
    write: (text) => {
      parts.push(text)
      told(text)
    },
    isTerminal,
    columns: 80,
    text: () => parts.join(""),
  }
}
