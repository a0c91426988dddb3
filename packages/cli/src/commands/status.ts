import type { Act, Program } from "../program.ts"
import { status } from "../status/status.ts"

export function addStatusCommand(program: Program, act: Act): void {
  program
    .command("status")
    .description("all hosts and networks, and whether each is as it should be; exit code 9 where one is not")
    .addHelpText("after", "\nExample:\n  slash64 status --json")
    .action(() => act(status))
}
