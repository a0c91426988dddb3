declare const brand: unique symbol

export type Prefix64 = string & { readonly [brand]: "Prefix64" }
