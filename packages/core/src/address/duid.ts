declare const brand: unique symbol

export type Duid = string & { readonly [brand]: "Duid" }
