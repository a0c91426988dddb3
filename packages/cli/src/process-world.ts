import { createRouterControl, openKeyStore } from "@slash64/router"
import { installedPlugins } from "./installed-plugins.ts"
import { openDatabase, openStore } from "./state/open-store.ts"
import { findTemplateBuilder } from "./template/find-template-builder.ts"
import type { Output, World } from "./world.ts"

/** The world of the real program: this process, the installed plugins, a database on disk. */
export function processWorld(): World {
  return {
    loadPlugins: () => installedPlugins(process.env),
    env: process.env,
    stdout: outputOf(process.stdout),
    stderr: outputOf(process.stderr),
    signal: interruptSignal(),
    openStore,
    database: openDatabase,
    openRouters: (paths) => createRouterControl({ keys: openKeyStore({ directory: paths.keys }) }),
    findTemplateBuilder,
  }
}

function outputOf(stream: NodeJS.WriteStream): Output {
  return {
    write: (text) => stream.write(text),
    isTerminal: stream.isTTY,
    get columns() {
      return stream.isTTY ? stream.columns : 80
    },
  }
}

/** Aborted by the first Ctrl-C or SIGTERM; the second one ends the process at once. */
function interruptSignal(): AbortSignal {
  const controller = new AbortController()
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.once(name, () => {
      controller.abort()
    })
  }
  return controller.signal
}
