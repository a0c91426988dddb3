/** A NIC as `readNicRow` reads it. */
export const nicColumns = `id, network_id, host, vm_id, mac, ipv6, ipv4, hostname,
  CASE WHEN vm_place = '' THEN 1 ELSE 0 END AS is_default, state`
