declare const brand: unique symbol

export type Ipv6Address = string & { readonly [brand]: "Ipv6Address" }
