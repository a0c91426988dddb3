export { Slash64Error, errorCodes, invalid, isSlash64Error, quote } from "./errors.ts"
export type { ErrorCode, ErrorDetails } from "./errors.ts"
export { duidLl, parseDuid } from "./address/duid.ts"
export type { Duid } from "./address/duid.ts"
export { eui64Address, linkLocalAddress } from "./address/eui64.ts"
export { nicIdFor, parseId, parseUuid, stableUuid } from "./address/id.ts"
export {
  ipv4FromBigInt,
  ipv4Kind,
  ipv4PrefixBounds,
  ipv4ToBigInt,
  isInIpv4Prefix,
  parseIpv4Address,
  parseIpv4Prefix,
} from "./address/ipv4.ts"
export type { Ipv4Address, Ipv4Kind, Ipv4Prefix } from "./address/ipv4.ts"
export { ipv6FromBigInt, ipv6Kind, ipv6ToBigInt, parseIpv6Address } from "./address/ipv6-address.ts"
export type { Ipv6Address, Ipv6Kind } from "./address/ipv6-address.ts"
export { countPrefix64s, parseIpv6Prefix, prefix64At } from "./address/ipv6-prefix.ts"
export type { Ipv6Prefix } from "./address/ipv6-prefix.ts"
export { ipv6RangeSize, ipv6RangesOverlap, isInIpv6Range, parseIpv6Range } from "./address/ipv6-range.ts"
export type { Ipv6Range } from "./address/ipv6-range.ts"
export {
  isUnicastMac,
  macForNic,
  macFromBytes,
  macToBytes,
  parseMacAddress,
  parseNicMac,
} from "./address/mac-address.ts"
export type { MacAddress } from "./address/mac-address.ts"
export { addressInPrefix64, isInPrefix64, parsePrefix64, prefix64Of, prefix64ToBigInt } from "./address/prefix64.ts"
export type { Prefix64 } from "./address/prefix64.ts"
export { abortError, checkAborted, newCall, withTimeout } from "./plugin/call.ts"
export type { Call, CallOptions, Progress } from "./plugin/call.ts"
export { contractVersion } from "./plugin/hypervisor-plugin.ts"
export type * from "./plugin/hypervisor-plugin.ts"
export { allocateAddress } from "./allocate/address-allocator.ts"
export type { AddressQuestion } from "./allocate/address-allocator.ts"
export { requestedOrder, sequentialOrder, stableOrder } from "./allocate/address-policy.ts"
export type { AddressOrder, StableSubject } from "./allocate/address-policy.ts"
export { addressAt, addressSpace, firstGap, isInSpace } from "./allocate/address-space.ts"
export type { AddressSpace, Interval } from "./allocate/address-space.ts"
export { firstFreePrefix64 } from "./allocate/prefix-pool.ts"
export { checkAgainst, segmentOf } from "./network/check-against.ts"
export { isDefaultNic } from "./network/default-network.ts"
export { parseDomain, parseHostname, parseInterfaceName, parseName, parseWholeNumber } from "./network/names.ts"
export type { NicClaim } from "./network/nic-claim.ts"
export { parseShape } from "./network/parse-shape.ts"
export { planNetwork } from "./network/plan-network.ts"
export { hostnameForNic, planNic } from "./network/plan-nic.ts"
export type * from "./network/records.ts"
export { guestIpv4Space, guestIpv6Space, reservedIpv4, reservedIpv6 } from "./network/reserved.ts"
export { openSecretFile } from "./store/secret-file.ts"
export { openSqliteStore } from "./store/sqlite-store.ts"
export type { SqliteStoreOptions } from "./store/sqlite-store.ts"
export type { AddressCounts, NetworkCounts, NetworkSnapshot, NicFilter, Store } from "./store/store.ts"
export { routerState } from "./router/router-state.ts"
export type { Reservation, RouterState } from "./router/router-state.ts"
export type * from "./router/router-control.ts"
export { openHosts } from "./plugin/hosts.ts"
export type { Hosts } from "./plugin/hosts.ts"
export { attachNic } from "./roads/attach-nic.ts"
export type { AttachedNic } from "./roads/attach-nic.ts"
export { convergeRouter, readRouterStatus } from "./roads/converge-router.ts"
export { createNetwork } from "./roads/create-network.ts"
export { detachNic } from "./roads/detach-nic.ts"
export type { DetachedNic } from "./roads/detach-nic.ts"
export { routerIdFor, serverDuidFor } from "./roads/plan-router.ts"
export { removeNetwork } from "./roads/remove-network.ts"
export type { RemovedNetwork } from "./roads/remove-network.ts"
export { removeRouter } from "./roads/remove-router.ts"
export type { RemovedRouter } from "./roads/remove-router.ts"
export { resolveVm } from "./roads/resolve-vm.ts"
export type { AttachNicRequest, RemoveRouterRequest, StartRouterRequest } from "./roads/road-requests.ts"
export { openRooms } from "./roads/rooms.ts"
export type { Patience, RoadLog, RoomParts, Rooms } from "./roads/rooms.ts"
export { startRouter } from "./roads/start-router.ts"
export type { StartedRouter } from "./roads/start-router.ts"
