import type { Database } from "./model/database.ts"
import { type Ref, type Type, type Value } from "./model/types.ts"
import { wireTime } from "./wire-time.ts"
import { toXapiError } from "./xapi-error.ts"

/** The tasks of calls that nobody waits for. */
export class Tasks {
  readonly #db: Database
  readonly #host: () => Ref
  readonly #running = new Map<Ref, AbortController>()

  /** `host`: the one that works on them. */
  constructor(db: Database, host: () => Ref) {
    this.#db = db
    this.#host = host
  }

  create(label: string, description: string): Ref {
    return this.#db.add("task", {
      name_label: label,
      name_description: description,
      created: wireTime(),
      resident_on: this.#host(),
    })
  }

  /** Does the work behind the task; how it ends stands in the task and nowhere else. */
  async run(task: Ref, result: Type | undefined, work: (signal: AbortSignal) => Promise<Value>): Promise<void> {
    const controller = new AbortController()
    this.#running.set(task, controller)
    try {
      const value = await work(controller.signal)
      this.#end(task, { status: "success", result: result === undefined ? "" : `<value>${result.xml(value)}</value>` })
    } catch (error) {
      const { code, params } = toXapiError(error)
      if (controller.signal.aborted) this.#end(task, { status: "cancelled", error_info: ["TASK_CANCELLED", task] })
      else this.#end(task, { status: "failure", error_info: [code, ...params] })
    } finally {
      this.#running.delete(task)
    }
  }

  /** A finished one stays as it is. */
  cancel(task: Ref): void {
    if (this.#db.get("task", task).status !== "pending") return
    this.#db.set("task", task, { status: "cancelling" })
    this.#running.get(task)?.abort()
  }

  /** Nobody knows of any from now on; what goes on goes on. */
  forgetAll(): void {
    for (const task of this.#db.refs("task")) this.#db.remove("task", task)
  }

  #end(task: Ref, outcome: EndedTask): void {
    // It may have been destroyed or forgotten in the meantime.
    if (this.#db.find("task", task) === undefined) return
    this.#db.set("task", task, { ...outcome, progress: 1, finished: wireTime() })
    this.#db.save()
  }
}

type EndedTask =
  | { readonly status: "success"; readonly result: string }
  | { readonly status: "failure" | "cancelled"; readonly error_info: readonly string[] }
