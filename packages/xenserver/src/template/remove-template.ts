import { type Call, Slash64Error, parseTemplateDigest } from "@slash64/core"
import { unregister } from "../pool/registry.ts"
import { listOwnRouters } from "../router/find-router.ts"
import type { Xapi } from "../xapi/xapi.ts"
import { templateKey } from "./template-mark.ts"
import { removeMarked } from "./unfinished.ts"

/** Takes the template out of the registry, then away, with all that is half-made of it. */
export async function removeTemplate(xapi: Xapi, digest: string, { signal }: Call): Promise<void> {
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
  await removeMarked(xapi, digest, signal, () => true)
}
