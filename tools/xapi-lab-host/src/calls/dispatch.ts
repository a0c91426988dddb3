import { classNames } from "../model/schema.ts"
import { type Ref, type Type, type Value, text, texts } from "../model/types.ts"
import type { World } from "../world.ts"
import { XapiError } from "../xapi-error.ts"
import { generatedMethods } from "./generated-methods.ts"
import { type Caller, type Method, method } from "./method.ts"
import { bondMethods } from "./methods/bond-methods.ts"
import { diskMethods } from "./methods/disk-methods.ts"
import { eventMethods } from "./methods/event-methods.ts"
import { hostMethods } from "./methods/host-methods.ts"
import { networkMethods } from "./methods/network-methods.ts"
import { powerMethods } from "./methods/power-methods.ts"
import { sessionMethods } from "./methods/session-methods.ts"
import { taskMethods } from "./methods/task-methods.ts"
import { vifMethods } from "./methods/vif-methods.ts"
import { vlanMethods } from "./methods/vlan-methods.ts"
import { vmMethods } from "./methods/vm-methods.ts"

export interface Request {
  readonly method: string
  readonly params: readonly unknown[]
}

/** What a call gave, and how XML-RPC writes it. */
export interface Answer {
  readonly value: Value
  readonly type: Type
}

/**
 * Answers a call or throws an `XapiError`. The signal fires when nobody listens any more. With `failure` a call of
 * somebody who is logged in fails with it instead of doing anything.
 */
export type Dispatch = (request: Request, signal: AbortSignal, failure?: XapiError) => Promise<Answer>

const own: readonly Method[] = [
  ...sessionMethods,
  ...hostMethods,
  ...networkMethods,
  ...vlanMethods,
  ...bondMethods,
  ...diskMethods,
  ...vmMethods,
  ...powerMethods,
  ...vifMethods,
  ...taskMethods,
  ...eventMethods,
]

/** Sessions are nobody's to list. */
const hidden = new Set(["session.get_all", "session.get_all_records"])

// One of our own stands before one of the table: the later entry of a name wins.
const methods = new Map(
  [...classNames.flatMap(generatedMethods).filter(({ name }) => !hidden.has(name)), ...own, listMethods()].map(
    (one) => [one.name, one] as const,
  ),
)

const asyncPrefix = "Async."

/** Answers as a host of the pool does: as the master while it is that, else with the master's address. */
export function dispatchAs(world: World, host: Ref): Dispatch {
  const asMaster = dispatchTo(world)
  return async (request, signal, failure) => {
    if (host === world.master || local.has(request.method)) return asMaster(request, signal, failure)
    throw new XapiError("HOST_IS_SLAVE", world.db.get("host", world.master).address)
  }
}

/** What a member answers itself. */
const local = new Set(["session.slave_local_login_with_password", "session.local_logout", "system.listMethods"])

function dispatchTo(world: World): Dispatch {
  return async ({ method: name, params }, signal, failure) => {
    const asked = name.startsWith(asyncPrefix) ? name.slice(asyncPrefix.length) : name
    const found = methods.get(asked)
    if (found === undefined) throw new XapiError("MESSAGE_METHOD_UNKNOWN", name)
    const run = async (given: readonly unknown[], caller: Caller): Promise<Value> => {
      if (failure !== undefined) throw failure
      return found.call(given, world, caller)
    }
    try {
      if (found.open) return answer(found, await run(params, { session: "", signal }))
      const [session, ...given] = params
      checkSession(world, session)
      if (asked === name) return answer(found, await run(given, { session, signal }))
      const task = world.tasks.create(name, "")
      void world.tasks.run(task, found.result, (aborted) => run(given, { session, signal: aborted }))
      return { value: task, type: text }
    } finally {
      world.db.save()
    }
  }
}

function answer({ result }: Method, value: Value): Answer {
  return { value, type: result ?? text }
}

function checkSession(world: World, session: unknown): asserts session is string {
  if (typeof session !== "string") throw new XapiError("SESSION_INVALID", String(session))
  world.sessions.check(session)
}

function listMethods(): Method {
  return method("system.listMethods", {
    params: {},
    open: true,
    result: texts,
    run: () => [...methods.keys()],
  })
}
