export { controlAddress, startMachine } from "./machine.ts"
export type { Machine, MachineRequest } from "./machine.ts"
export type { DnsmasqBuild } from "./build-dnsmasq.ts"
export {
  buildTemplate,
  defaultCacheDir,
  ensureRouterDnsmasq,
  templateFormats,
  unpackRouterPackages,
} from "./build-template.ts"
export type { BuildRequest, BuildStep, TemplateFormat, TemplateImage, TemplateManifest } from "./build-template.ts"
export { compressInitramfs } from "./compress-initramfs.ts"
export { renderCpio } from "./cpio-archive.ts"
export { makeDisk } from "./disk-image.ts"
export type { DiskRequest } from "./disk-image.ts"
export { fetchPackages, unpackPackages } from "./debian-packages.ts"
export type { DebianPackage, FetchRequest } from "./debian-packages.ts"
export { textFile } from "./file-tree.ts"
export type { FileEntry, FileTree } from "./file-tree.ts"
export { buildInitramfs, collectInitramfs } from "./initramfs.ts"
export type { InitramfsRequest } from "./initramfs.ts"
export { readKernel } from "./kernel.ts"
export type { Kernel } from "./kernel.ts"
export { ensureTools, missingToolPackages } from "./required-tools.ts"
export { commandLine } from "./template-contents.ts"
