import { XapiError } from "../xapi-error.ts"
import type { Ref, Type, Value, ValueOf } from "../model/types.ts"
import type { World } from "../world.ts"

/** Who asks, and until when he listens. */
export interface Caller {
  readonly session: Ref
  readonly signal: AbortSignal
}

export type Params = Readonly<Record<string, Type>>
export type Args<P> = { readonly [K in keyof P]: ValueOf<P[K]> }

/** A call of the wire: what it takes behind the session, and what it gives. */
export interface Method {
  readonly name: string
  /** Absent: the call gives nothing, which the wire writes as an empty text. */
  readonly result: Type | undefined
  readonly call: (given: readonly unknown[], world: World, caller: Caller) => Promise<Value>
  /** Needs no session. */
  readonly open: boolean
}

export interface MethodShape<P extends Params, R extends Value> {
  readonly params: P
  /** The last params may be left out; these are their values then. */
  readonly defaults?: Partial<Args<P>>
  /** Needs no session. */
  readonly open?: true
  readonly result?: Type<R>
  readonly run: (args: Args<P>, world: World, caller: Caller) => R | void | Promise<R | void>
}

export function method<P extends Params, R extends Value>(name: string, shape: MethodShape<P, R>): Method {
  const params = Object.entries(shape.params)
  return {
    name,
    result: shape.result,
    open: shape.open === true,
    async call(given, world, caller) {
      const defaults = Object.entries(shape.defaults ?? {}).slice(given.length - params.length)
      const least = params.length - Object.keys(shape.defaults ?? {}).length
      if (given.length < least || given.length > params.length) throw wrongCount(name, params.length, given.length)
      const values = [...given, ...defaults.map(([, value]) => value)]
      const args = Object.fromEntries(params.map(([key, type], index) => [key, type.parse(values[index])]))
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- each was parsed by its type in `params`
      return (await shape.run(args as Args<P>, world, caller)) ?? ""
    },
  }
}

function wrongCount(name: string, expected: number, got: number): XapiError {
  return new XapiError("MESSAGE_PARAMETER_COUNT_MISMATCH", name, String(expected), String(got))
}
