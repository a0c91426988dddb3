import { Slash64Error, quote } from "@slash64/core"
import { z } from "zod"
import type { XenserverConfig } from "../config/xenserver-config.ts"
import { readPool } from "../pool/read-pool.ts"
import { unlessGone } from "../vm/own-vm.ts"
import { type Xapi, nullRef } from "../xapi/xapi.ts"

/** The storage repository of templates, and so of routers: the configuration's, or the pool's default. */
export async function requireStorage(xapi: Xapi, { storage }: XenserverConfig, signal: AbortSignal): Promise<string> {
  if (storage !== undefined) return requireNamed(xapi, storage, signal)
  const { default_SR } = await readPool(xapi, signal)
  if (default_SR !== nullRef) return default_SR
  throw new Slash64Error("FAILED_PRECONDITION", "the pool has no default storage repository", {
    field: "storage",
    hint: "Set one (`xe pool-param-set default-SR=UUID`), or name one as storage in the host's configuration.",
  })
}

async function requireNamed(xapi: Xapi, storage: string, signal: AbortSignal): Promise<string> {
  const byUuid = await unlessGone(() => xapi.read(z.string(), signal, "SR.get_by_uuid", storage))
  if (byUuid !== undefined) return byUuid
  const [found, ...others] = await xapi.read(z.array(z.string()), signal, "SR.get_by_name_label", storage)
  if (found !== undefined && others.length === 0) return found
  const problem = found === undefined ? "has no storage repository" : "has several storage repositories"
  throw new Slash64Error("NOT_FOUND", `the pool ${problem} ${quote(storage)}`, {
    field: "storage",
    value: quote(storage),
    hint: "See `xe sr-list`, and give the UUID as storage in the host's configuration.",
  })
}
