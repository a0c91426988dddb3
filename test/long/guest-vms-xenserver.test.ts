import { describeGuestVms } from "../guest-vms/describe-guest-vms.ts"
import { openPoolVms } from "../guest-vms/pool-vms.ts"

describeGuestVms("XAPI lab host", openPoolVms)
