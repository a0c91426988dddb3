import { hostVerbs, optionalHostVerbs } from "@slash64/core"
import { describeXenserverConformance } from "../integration/xenserver-conformance.ts"

describeXenserverConformance("real", [
  { attachment: { kind: "isolated" }, verbs: [...hostVerbs, ...optionalHostVerbs] },
])
