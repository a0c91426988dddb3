import { describeGuestVms } from "../guest-vms/describe-guest-vms.ts"
import { openKvmVms } from "../guest-vms/kvm-vms.ts"

describeGuestVms("KVM", openKvmVms)
