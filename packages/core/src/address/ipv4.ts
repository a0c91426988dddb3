declare const brand: unique symbol

export type Ipv4Address = string & { readonly [brand]: "Ipv4Address" }
export type Ipv4Prefix = string & { readonly [brand]: "Ipv4Prefix" }
