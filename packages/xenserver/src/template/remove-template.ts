import { type Call, Slash64Error, parseTemplateDigest } from "@slash64/core"
import type { HostParts } from "../parts.ts"
import { unregister } from "../pool/registry.ts"
import { listOwnRouters } from "../router/find-router.ts"
import { templateKey } from "./template-mark.ts"
import { removeMarked } from "./unfinished.ts"

/** Takes the template out of the registry, then away, with all that is half-made of it. */
export async function removeTemplate(parts: HostParts, digest: string, { signal }: Call): Promise<void> {
  const { xapi } = parts
  parseTemplateDigest("template.digest", digest)
  const user = (await listOwnRouters(xapi, signal)).find(({ router }) => router.templateDigest === digest)
  if (user !== undefined) {
    throw new Slash64Error("FAILED_PRECONDITION", `the router ${user.router.id} stands on the template ${digest}`, {
      field: "template.digest",
      value: digest,
      hint: "Remove its routers from this pool first.",
    })
  }
  await unregister(xapi, templateKey(digest), signal)
  await removeMarked(parts, digest, signal, () => true)
}
