import type { Act, Program } from "../program.ts"
import { attach } from "../nic/attach.ts"
import { detach } from "../nic/detach.ts"
import { makeDefault } from "../nic/make-default.ts"
import { list } from "../nic/list.ts"
import { show } from "../nic/show.ts"

export function addNicCommands(program: Program, act: Act): void {
  const nic = program.command("nic").description("NICs of VMs on shared networks, each with an address of its own")

  nic
    .command("attach <network> <vm>")
    .description("give a VM, by name or UUID, a NIC; live if it runs. Repeated: the same NIC")
    .option("--host <name>", "the host that the VM is on; not needed where there is one")
    .option("--index <number>", "which NIC of this VM on this network, from 0", "0")
    .option("--mac <address>", "a unicast MAC; else one that follows from the NIC's id")
    .option("--address <ipv6>", "ask for this address")
    .option("--ipv4 <address>", "ask for this IPv4 address")
    .option("--hostname <name>", "the guest's name in DHCP and DNS")
    .option("--default", "the VM takes its default route and DNS here")
    .option("--no-default", "it does not; else a VM's first NIC is the default")
    .addHelpText(
      "after",
      `
Examples:
  slash64 nic attach blue web1 --host lab
  slash64 nic attach blue 4dea22b3-1d52-d8f3-2516-782e98ab3fa0 --address 2001:db8:0:1::80 --json`,
    )
    .action((network, vm, options) => act((session) => attach(session, network, vm, options)))

  nic
    .command("detach <nic|network> [vm]")
    .description("take a NIC from its VM, by the NIC's id or by network and VM; success where there is none")
    .option("--host <name>", "the host to look up a VM's name on; not needed where there is one")
    .option("--index <number>", "which NIC of this VM on this network, from 0", "0")
    .addHelpText(
      "after",
      `
Examples:
  slash64 nic detach blue web1
  slash64 nic detach 0b0ec8ff-11d6-5bc2-8d8a-4c0a24bd3bb1`,
    )
    .action((first, vm, options) => act((session) => detach(session, first, vm, options)))

  nic
    .command("list")
    .description("the NICs, of one network or VM or all, in the order of their ids")
    .option("--network <name>", "of this network only")
    .option("--vm <uuid>", "of this VM only")
    .option("--limit <number>", "at most so many, 1 to 10000", "1000")
    .option("--after <nic>", "begin behind this one, the last of the page before")
    .addHelpText("after", "\nExample:\n  slash64 nic list --network blue --json")
    .action((options) => act((session) => list(session, options)))

  nic
    .command("default <nic>")
    .description("make a NIC the one that its VM takes its default route and DNS from, in place of another")
    .addHelpText("after", "\nExample:\n  slash64 nic default 0b0ec8ff-11d6-5bc2-8d8a-4c0a24bd3bb1")
    .action((id) => act((session) => makeDefault(session, id)))

  nic
    .command("show <nic>")
    .description("a NIC by its id, beside it what host, router and guest show of it now, and why they differ")
    .addHelpText("after", "\nExample:\n  slash64 nic show 0b0ec8ff-11d6-5bc2-8d8a-4c0a24bd3bb1")
    .action((id) => act((session) => show(session, id)))
}
