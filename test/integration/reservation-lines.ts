const mac = "02:00:00:00:00:14"

/** Lines that are a reservation (docs/router-protocol.md); dnsmasq takes each as a `dhcp-host`. */
export const goodHosts: readonly string[] = [
  `${mac},[::1]`,
  `${mac},[1::]`,
  `${mac},[2001:db8:1:2:3:4:5:6]`,
  `${mac},set:nondefault,[2001:db8::5:6],10.0.0.1,a-b`,
  `${mac},x1`,
  `${mac},10.0.0.255,${"a".repeat(63)}`,
]

/** Lines that are none, some of which dnsmasq would take as a `dhcp-host`. */
export const badHosts: readonly string[] = [
  `${mac},[1::3:4:5:6:7:8:9]`,
  `${mac},300.1.1.1`,
  `${mac},[1::2::3]`,
  `${mac},[12345::]`,
  `${mac},[1:2:3:4:5:6:7]`,
  `${mac},10.0.0.256`,
  `${mac},[::1],[::2]`,
  `${mac},-a`,
  `${mac},a-`,
  `${mac},[:1::2]`,
  `${mac},[1::2:]`,
  `${mac},[::ffff:10.0.0.1]`,
  `${mac},10.0.0.1,[::1]`,
  `${mac},set:other`,
  `${mac},tag:other`,
  `${mac},a.b`,
  `${mac},a,b`,
  `${mac},`,
  `${mac},${"a".repeat(64)}`,
  `id:*,[::1]`,
  "02:00:00:00:00:1,[::1]",
  "02:00:00:00:00:1G,[::1]",
  "02:00:00:00:00:AA,[::1]",
]
