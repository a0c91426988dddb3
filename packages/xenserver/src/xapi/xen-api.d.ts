/** What we use of xen-api 4.7.6, which has no types. */
declare module "xen-api" {
  export class Xapi {
    constructor(options: {
      readonly url: string
      /** With a session of ours it never logs in, so it never takes the password to another host. */
      readonly auth: { readonly sessionId: string }
      readonly watchEvents: false
      readonly roCallRetryOptions: { readonly tries: number }
      readonly transport: "json-rpc"
    })
    /** How often connect() asks, each time where the last answer pointed. */
    readonly _sessionOpenRetryOptions: { readonly tries: number }
    connect(): Promise<void>
    /** Puts the session before the arguments. */
    call(method: string, ...args: readonly unknown[]): Promise<unknown>
  }
}
