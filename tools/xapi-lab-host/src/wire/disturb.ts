/** What a test wants to happen to one call. */
export type Disturbance =
  /** The connection is closed, and nothing was done. */
  | { readonly kind: "close-unheard" }
  /** It is done, and the connection is closed instead of an answer. */
  | { readonly kind: "close-after" }
  | { readonly kind: "delay"; readonly ms: number }

/** Asked at each call by its name; undefined: nothing happens to it. */
export type Disturb = (method: string) => Disturbance | undefined
