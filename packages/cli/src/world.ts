import type { HypervisorPlugin, Progress, RouterControl, Store, StoreDatabase } from "@slash64/core"
import type { StatePaths } from "./state/state-paths.ts"

/** What the program touches outside itself: given, so that a test can run all of it in its own process. */
export interface World {
  /** Asked for once. */
  loadPlugins(): Promise<readonly HypervisorPlugin[]>
  readonly env: Readonly<Record<string, string | undefined>>
  readonly stdout: Output
  readonly stderr: Output
  openStore(paths: StatePaths): Promise<Store>
  /** The database behind the store, for `slash64 db`. */
  database(paths: StatePaths): StoreDatabase
  openRouters(paths: StatePaths): RouterControl
  /** Aborted when the user interrupts. */
  readonly signal: AbortSignal
  /** Undefined where the builder is not installed: it is part of the checkout, not of the package. */
  findTemplateBuilder(): Promise<TemplateBuilder | undefined>
}

export interface Output {
  write(text: string): void
  readonly isTerminal: boolean
  readonly columns: number
}

export type TemplateBuilder = (request: BuildTemplateRequest) => Promise<BuiltTemplate>

export interface BuildTemplateRequest {
  readonly outDir: string
  /** One image in each. */
  readonly formats: readonly ("qcow2" | "raw" | "vhd")[]
  readonly signal: AbortSignal
  readonly report: (progress: Progress) => void
}

/** The manifest of a router template, as the builder writes it beside the image. */
export interface BuiltTemplate {
  readonly version: string
  /** `sha256:` and 64 hex digits. */
  readonly digest: string
  /** The image's file name, beside the manifest. */
  readonly file: string
  readonly format: "qcow2" | "raw" | "vhd"
}
