/** What the handlers of a request tell one another. */
export type Env = { Variables: { requestId: string; route: string; error: unknown } }
