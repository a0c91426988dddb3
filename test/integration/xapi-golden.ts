import type { XapiSession } from "./xapi-client.ts"

/** The template that the transcripts were recorded with: a clone of Debian's, with one disk. */
export async function makeGoldenTemplate(xapi: XapiSession, bytes = 1 << 20): Promise<{ vm: string; vdi: string }> {
  const [debian] = await xapi.texts("VM.get_by_name_label", "Debian Bookworm 12")
  const vm = await xapi.text("VM.clone", debian, "debian-12-golden")
  const [pool] = await xapi.texts("pool.get_all")
  const vdi = await xapi.text("VDI.create", {
    name_label: "golden disk",
    SR: await xapi.text("pool.get_default_SR", pool),
    virtual_size: bytes,
    type: "system",
    sharable: false,
    read_only: false,
    other_config: {},
  })
  await xapi.call("VBD.create", {
    VM: vm,
    VDI: vdi,
    userdevice: "0",
    bootable: true,
    mode: "RW",
    type: "Disk",
    empty: false,
    other_config: {},
    qos_algorithm_type: "",
    qos_algorithm_params: {},
  })
  return { vm, vdi }
}
