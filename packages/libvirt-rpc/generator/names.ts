/** `remote_nonnull_storage_vol` -> `StorageVol`, `qemu_domain_attach_args` -> `QemuDomainAttachArgs`. */
export function typeName(name: string): string {
  return pascal(name.replace(/^remote_/, "").replace(/^nonnull_/, ""))
}

/** `remote_nonnull_storage_vol` -> `remoteNonnullStorageVol`: one to one, so codecs can never collide. */
export function codecName(name: string): string {
  return lowerFirst(pascal(name))
}

/** `REMOTE_PROC_DOMAIN_LOOKUP_BY_UUID` -> `domainLookupByUuid`; QEMU's own keep a `qemu` in front. */
export function procedureName(name: string): string {
  return lowerFirst(
    pascal(
      name
        .replace(/^REMOTE_PROC_/, "")
        .replace("_PROC_", "_")
        .toLowerCase(),
    ),
  )
}

/** `REMOTE_PROC_DOMAIN_LOOKUP_BY_UUID` -> `remote_domain_lookup_by_uuid`, to which `_args`, `_ret` or `_msg` is added. */
export function structStem(procedure: string): string {
  return procedure.replace("_PROC_", "_").toLowerCase()
}

function pascal(name: string): string {
  return name
    .split("_")
    .filter((word) => word !== "")
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join("")
}

function lowerFirst(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1)
}
