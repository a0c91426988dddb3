/**
 * sysctl.conf, the same for every state: the router VM is a host that answers, and passes nothing on.
 *
 * Forwarding is on for the guest NIC alone. That makes the kernel keep a neighbour from each Router Solicitation, so
 * guests whose link-local is not EUI-64 are served without a wait, and it sets the router flag of its advertisements
 * (RFC 4861 section 7.2.5: a guest drops a default router that answers without it). `all` stays off, so nothing is
 * forwarded. It comes first, because writing it resets every NIC.
 */
export function renderSysctl(): string {
  return `${lines.join("\n")}\n`
}

const lines = [
  "net.ipv4.ip_forward = 0",
  "net.ipv6.conf.all.forwarding = 0",
  "net.ipv6.conf.guest.forwarding = 1",
  "net.ipv6.conf.guest.accept_ra = 0",
  "net.ipv6.conf.guest.autoconf = 0",
  "net.ipv6.conf.guest.accept_redirects = 0",
  "net.ipv4.conf.guest.accept_redirects = 0",
  "net.ipv4.conf.guest.send_redirects = 0",
  "net.ipv4.conf.guest.rp_filter = 1",
  // ARP for the control NIC's address is not answered on the guests' link.
  "net.ipv4.conf.guest.arp_ignore = 1",
  "net.ipv4.conf.guest.arp_announce = 2",
  // The defaults (128, 512, 1024) would throw out neighbours of a network with thousands of guests.
  "net.ipv6.neigh.default.gc_thresh1 = 4096",
  "net.ipv6.neigh.default.gc_thresh2 = 16384",
  "net.ipv6.neigh.default.gc_thresh3 = 32768",
  "net.ipv4.neigh.default.gc_thresh1 = 4096",
  "net.ipv4.neigh.default.gc_thresh2 = 16384",
  "net.ipv4.neigh.default.gc_thresh3 = 32768",
]
