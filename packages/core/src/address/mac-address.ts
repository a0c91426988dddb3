declare const brand: unique symbol

export type MacAddress = string & { readonly [brand]: "MacAddress" }
