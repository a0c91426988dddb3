import { guestClients, guestConfig, guestConfigText } from "@slash64/core"
import type { Answer } from "../answer.ts"
import { findNetwork } from "../find-network.ts"
import { findNic } from "../nic/find-nic.ts"
import { table } from "../output/table.ts"
import type { Act, Program } from "../program.ts"
import type { Session } from "../session.ts"

interface GuestConfigOptions {
  readonly for: string
  readonly device: string
}

export function addGuestConfigCommand(program: Program, act: Act): void {
  program
    .command("guest-config <nic>")
    .description("how a guest is set up for a NIC, in the words of its DHCP client; mostly it needs nothing")
    .requiredOption("--for <client>", "one of the clients below")
    .option("--device <name>", "the guest's own name of the NIC", "eth0")
    .addHelpText("after", () => `\nClients:\n${clientTable()}\n\n${examples}`)
    .action((nic, options) => act((session) => show(session, nic, options)))
}

const examples = `Examples:
  slash64 guest-config 0b0ec8ff-11d6-5bc2-8d8a-4c0a24bd3bb1 --for networkd
  slash64 guest-config 0b0ec8ff-11d6-5bc2-8d8a-4c0a24bd3bb1 --for interfaces --device ens3 --json`

function clientTable(): string {
  const rows = guestClients.map(({ client, about }) => [client, about])
  return table(["client", "what it is"], rows, "").replaceAll(/^/gm, "  ")
}

async function show(session: Session, id: string, options: GuestConfigOptions): Promise<Answer> {
  const store = await session.store()
  const nic = await findNic(store, id)
  const network = await findNetwork(store, nic.networkId)
  const config = guestConfig({ client: options.for, nic, network, device: options.device })
  return { json: { guestConfig: config }, text: guestConfigText(config) }
}
