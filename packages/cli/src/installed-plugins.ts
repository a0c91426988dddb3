import { resolve } from "node:path"
import { loadPlugins } from "@slash64/core"
import type { HypervisorPlugin } from "@slash64/core"

/**
 * The plugins of the program: kvm, xenserver, and those that `SLASH64_PLUGINS` names, parted by commas. A package is looked for
 * from where slash64 is installed, a folder (`./mine`, `/opt/mine`) from the working directory.
 */
export function installedPlugins(
  env: Readonly<Record<string, string | undefined>>,
): Promise<readonly HypervisorPlugin[]> {
  const named = (env["SLASH64_PLUGINS"] ?? "").split(",").map((name) => name.trim())
  const others = named.filter((name) => name !== "").map((name) => (name.startsWith(".") ? resolve(name) : name))
  return loadPlugins({ plugins: ["@slash64/kvm", "@slash64/xenserver", ...others], from: import.meta.url })
}
