export const name = "libvirt-rpc"
