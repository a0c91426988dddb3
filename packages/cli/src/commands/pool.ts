import { Option } from "@commander-js/extra-typings"
import { createPool, removePool, resizePool } from "@slash64/core"
import { wholeNumber } from "../network-request.ts"
import { claim } from "../pool/claim.ts"
import { list } from "../pool/list.ts"
import { poolCard } from "../pool/pool-card.ts"
import { release } from "../pool/release.ts"
import { show } from "../pool/show.ts"
import type { Act, Program } from "../program.ts"

export function addPoolCommands(program: Program, act: Act): void {
  const pool = program.command("pool").description("pools: prefixes that the /64s of networks are taken from")

  pool
    .command("create <name> <prefix>")
    .description("make a pool from a /29 to /63 in which no network and no other pool lies")
    .addOption(new Option("--policy <kind>", "how a /64 is chosen (default: stable)").choices(["stable", "sequential"]))
    .option("--quarantine <seconds>", "how long a released /64 rests (default: 3600)")
    .addHelpText("after", "\nExample:\n  slash64 pool create edge 2001:db8:100::/40")
    .action((name, prefix, options) =>
      act(async (session) => {
        const request = { name, prefix, policy: options.policy, quarantineSeconds: wholeNumber(options.quarantine) }
        const made = await createPool(request, await session.rooms(), session.call)
        return { json: { pool: made }, text: poolCard(made) }
      }),
    )

  pool
    .command("list")
    .description("all pools, with what is left in them")
    .addHelpText("after", "\nExample:\n  slash64 pool list --json")
    .action(() => act(list))

  pool
    .command("show <pool>")
    .description("a pool by its name or id, with its counts and who holds its /64s, by page")
    .option("--limit <number>", "at most so many, 1 to 10000", "1000")
    .option("--after <prefix>", "begin behind this /64, the last of the page before")
    .addHelpText("after", "\nExample:\n  slash64 pool show edge --after 2001:db8:100:7::/64 --limit 50")
    .action((name, options) => act((session) => show(session, name, options)))

  pool
    .command("resize <pool> <prefix>")
    .description("give a pool a shorter or longer prefix around what it has; nothing that is held is cut off")
    .addHelpText("after", "\nExample:\n  slash64 pool resize edge 2001:db8::/32")
    .action((name, prefix) =>
      act(async (session) => {
        const resized = await resizePool({ pool: name, prefix }, await session.rooms(), session.call)
        return { json: { pool: resized }, text: poolCard(resized) }
      }),
    )

  pool
    .command("remove <pool>")
    .description("remove a pool of which nothing is held; success where there is none")
    .addHelpText("after", "\nExample:\n  slash64 pool remove edge")
    .action((name) =>
      act(async (session) => {
        const removed = await removePool(name, await session.rooms(), session.call)
        return { json: removed, text: removed.pool === undefined ? "nothing to remove" : `pool ${name} removed` }
      }),
    )

  pool
    .command("claim <pool> <holder>")
    .description("take a /64 for something else than a network, under an id of your own. Repeated: the same /64")
    .option("--prefix <prefix>", "ask for this /64")
    .addHelpText("after", "\nExample:\n  slash64 pool claim edge customer-7")
    .action((name, holder, options) => act((session) => claim(session, name, holder, options)))

  pool
    .command("release <pool> <holder>")
    .description("give a claimed /64 back; success where there is none")
    .addHelpText("after", "\nExample:\n  slash64 pool release edge customer-7")
    .action((name, holder) => act((session) => release(session, name, holder)))
}
