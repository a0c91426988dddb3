/** What stores share: the rules of what a repeat gives and what is refused, and how a record is kept in a row. */
export { hostInUse, hostStillNeeded, templateInUse } from "./store/host-rules.ts"
export { checkLease, newLease, readLeaseRow, takenLease } from "./store/lease-rules.ts"
export type { KeptLease } from "./store/lease-rules.ts"
export { checkEmpty, networkKeys, noSuchNetwork, sameNetwork } from "./store/network-rules.ts"
export type { NetworkKeys } from "./store/network-rules.ts"
export { checkLeaving, defaultNic, hostnameTaken, movedNic, nicMacTaken, sameNic } from "./store/nic-rules.ts"
export { checkCut, checkNothingHeld, directionOf, noSuchPool, samePool } from "./store/pool-rules.ts"
export { noPrefixLeft, parsePrefixPage, prefixNotFree, samePrefix, slotOfPool } from "./store/prefix-rules.ts"
export {
  readHolder,
  readHostRow,
  readNetworkRow,
  readNicRow,
  readPoolRow,
  readPrefixRow,
  readRouterRow,
  readTemplateRow,
} from "./store/record-codec.ts"
export { RecordRules, importedTables, recordTaken, storeNotEmpty } from "./store/record-rules.ts"
export { addressKey, networkRecord, poolRecord, prefixRecord, restingRecord } from "./store/row-records.ts"
export { changedRouter, movedRouter, routerMacTaken, sameRouter, secondRouter } from "./store/router-rules.ts"
export { addressBlob, addressOf, bytesOf, damaged, numberOf, textOf } from "./store/row.ts"
export type { Row } from "./store/row.ts"
