import { describeKvmConformance } from "../integration/kvm-conformance.ts"

describeKvmConformance([{ name: "kvm, its routers disturbed", verbs: ["ensureRouter", "removeRouter"] }])
