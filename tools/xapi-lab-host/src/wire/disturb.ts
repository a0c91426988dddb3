/** What happens to one call, or to one upload. */
export type Disturbance =
  /** The connection is closed, and nothing was done. */
  | { readonly kind: "close-unheard" }
  /** It is done, and the connection is closed instead of an answer. */
  | { readonly kind: "close-after" }
  | { readonly kind: "delay"; readonly ms: number }
  /** Nothing was done. The error is a name of XAPI and its parameters; what has a task has it there. */
  | { readonly kind: "fail"; readonly error: readonly [code: string, ...params: string[]] }
  /** Before it is done another host that is up becomes the master: the answer is HOST_IS_SLAVE. */
  | { readonly kind: "become-slave" }

/** Asked at each call by its name, at an upload by `import_raw_vdi`; undefined: nothing happens to it. */
export type Disturb = (method: string) => Disturbance | undefined
