import { virErrorDomain, virErrorLevel, virErrorNumber } from "./generated/error-names.ts"
import type { VirNetMessageError } from "./generated/types.ts"

/** What libvirt answered instead of a reply. Codes and domains are those of libvirt's virterror.h. */
export class LibvirtError extends Error {
  override readonly name = "LibvirtError"
  /** `VIR_ERR_...`, for example 42, VIR_ERR_NO_DOMAIN. */
  readonly code: number
  /** The name of `code`; a code newer than this package is its number as text. */
  readonly codeName: string
  /** `VIR_FROM_...`: the part of libvirt that failed, for example 10, VIR_FROM_QEMU. */
  readonly domain: number
  readonly domainName: string
  /** `VIR_ERR_WARNING` or `VIR_ERR_ERROR`. */
  readonly level: number
  readonly levelName: string
  readonly str1: string | null
  readonly str2: string | null
  readonly str3: string | null
  readonly int1: number
  readonly int2: number
  /** The method whose call failed. */
  readonly procedure: string

  constructor(procedure: string, wire: VirNetMessageError) {
    super(wire.message ?? `libvirt gave error ${wire.code} without a message`)
    this.procedure = procedure
    this.code = wire.code
    this.codeName = virErrorNumber[wire.code] ?? String(wire.code)
    this.domain = wire.domain
    this.domainName = virErrorDomain[wire.domain] ?? String(wire.domain)
    this.level = wire.level
    this.levelName = virErrorLevel[wire.level] ?? String(wire.level)
    this.str1 = wire.str1
    this.str2 = wire.str2
    this.str3 = wire.str3
    this.int1 = wire.int1
    this.int2 = wire.int2
  }
}
