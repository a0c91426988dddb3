import { Option } from "@commander-js/extra-typings"
import type { Act, Program } from "../program.ts"
import { buildTemplate } from "../template/build-template.ts"
import { listTemplates } from "../template/list-templates.ts"
import { registerTemplate } from "../template/register-template.ts"

export function addTemplateCommands(program: Program, act: Act): void {
  const template = program.command("template").description("the image that router VMs start from")

  template
    .command("build")
    .description("build the router template from Debian packages, and register it; needs root and a checkout")
    .option("--out <directory>", "where the image and its manifest go (default: templates beside the database)")
    .addOption(
      new Option("--format <kind...>", "of the image, one or more: KVM takes qcow2 and raw, a pool vhd and raw")
        .choices(["qcow2", "raw", "vhd"])
        .default(["qcow2", "vhd"] as const, "qcow2 and vhd"),
    )
    .addHelpText("after", "\nExample:\n  slash64 template build --out /var/lib/slash64 --format vhd")
    .action((options) => act((session) => buildTemplate(session, options)))

  template
    .command("register <manifest>")
    .description("register a built template by its manifest.json, after its image was held against the digest")
    .addHelpText("after", "\nExample:\n  slash64 template register /var/lib/slash64/manifest.json")
    .action((manifest) => act((session) => registerTemplate(session, manifest)))

  template
    .command("list")
    .description("the templates that were registered")
    .addHelpText("after", "\nExample:\n  slash64 template list --json")
    .action(() => act(listTemplates))

  template
    .command("remove <digest>")
    .description("forget a template that no router is of; its image stays where it is. Success where there is none")
    .addHelpText("after", "\nExample:\n  slash64 template remove sha256:5f0c...")
    .action((digest) =>
      act(async (session) => {
        await (await session.store()).removeTemplate(digest)
        return { json: {}, text: `template ${digest} is not registered` }
      }),
    )
}
