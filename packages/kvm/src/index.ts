export const name = "kvm"
