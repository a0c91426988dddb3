import { runConformanceOn } from "../conformance/run-conformance-on.ts"
import type { Act, Program } from "../program.ts"

export function addConformanceCommand(program: Program, act: Act): void {
  program
    .command("conformance")
    .description("run the contract's checks on a host, in networks of their own; exit code 9 where one fails")
    .option("--host <name>", "the host, added with `host add`; not needed where there is one")
    .option("--network <kind>", "what the networks stand on: isolated, bridge:NAME or vlan:UPLINK:TAG", "isolated")
    .option("--running-vm <vm>", "a running VM, by name or UUID, that NICs may be plugged into and taken from")
    .option("--halted-vm <vm>", "the same of a halted VM; it is not started")
    .option("--template <digest>", "a registered router template; else the one registered last")
    .option("--control-address <address/length>", "a static address of the routers' control NIC; else link-local")
    .option("--no-boot", "leave out what waits for a router to boot")
    .option("--only <text>", "only the checks that have this in their names")
    .addHelpText(
      "after",
      `
A check that needs what is not given is left out, with the reason. All that the checks make bears a mark: it is taken
away at the end, after Ctrl-C too, and what a killed run left is taken away by the next. So one run at a time on a host.

Examples:
  slash64 conformance --host lab --running-vm web1 --halted-vm web2
  slash64 conformance --host pool --network vlan:eth1:4000 --json`,
    )
    .action((options) => act((session) => runConformanceOn(session, options)))
}
