import type { Act, Program } from "../program.ts"
import { applyPlan, showPlan } from "../converge/plan.ts"
import { sweepHosts } from "../converge/sweep.ts"

export function addConvergeCommands(program: Program, act: Act): void {
  program
    .command("plan [network]")
    .description("show what apply would change on hosts and routers, of one network or all; changes nothing")
    .addHelpText("after", "\nExample:\n  slash64 plan\n\nExit code 9 where something is to be done, or needs a person.")
    .action((network) => act((session) => showPlan(session, network)))

  program
    .command("apply [network]")
    .description("bring hosts and routers to what the database holds; a plan after it is empty")
    .addHelpText(
      "after",
      "\nExample:\n  slash64 apply blue\n\nExit code 9 where something could not be done, or needs a person.",
    )
    .action((network) => act((session) => applyPlan(session, network)))

  program
    .command("sweep")
    .description("find what bears our mark on the hosts and is in no record, and the reverse")
    .option("--delete", "remove what is in no record; else nothing is changed", false)
    .addHelpText(
      "after",
      `
Examples:
  slash64 sweep
  slash64 sweep --delete

A mark does not say which database made it. Where hosts are shared with another database, what that one made is found
too: never use --delete there. Exit code 9 where something is left that is in no record, or missing.`,
    )
    .action((options) => act((session) => sweepHosts(session, options.delete)))
}
