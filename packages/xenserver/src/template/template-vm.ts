import type { TemplateSpec } from "@slash64/core"
import { nullRef } from "../xapi/xapi.ts"
import { type Maker, markOf, templateName } from "./template-mark.ts"

/** The key of a VM's other_config that has it start with its host. */
export const autoPowerOnKey = "auto_poweron"

const bytes = 256 * 1024 * 1024

/**
 * The template VM that routers are cloned of: hardware virtualization, firmware that boots the first disk. A router
 * comes back after a power cut (`auto_poweron`, which the pool has to allow too).
 */
export function templateVmRecord(template: TemplateSpec, maker: Maker): Readonly<Record<string, unknown>> {
  return {
    name_label: templateName(template.digest),
    name_description: `Router template ${template.version} of slash64`,
    user_version: 1,
    is_a_template: true,
    affinity: nullRef,
    memory_static_max: bytes,
    memory_dynamic_max: bytes,
    memory_dynamic_min: bytes,
    memory_static_min: bytes,
    VCPUs_params: {},
    VCPUs_max: 1,
    VCPUs_at_startup: 1,
    actions_after_shutdown: "destroy",
    actions_after_reboot: "restart",
    actions_after_crash: "restart",
    PV_bootloader: "",
    PV_kernel: "",
    PV_ramdisk: "",
    PV_args: "",
    PV_bootloader_args: "",
    PV_legacy_args: "",
    HVM_boot_policy: "BIOS order",
    HVM_boot_params: { order: "c" },
    platform: { acpi: "1", apic: "true", nx: "true", pae: "true", viridian: "false" },
    PCI_bus: "",
    recommendations: "",
    other_config: { ...markOf(template, maker), [autoPowerOnKey]: "true" },
  }
}
