import { memoryPlugin } from "@slash64/conformance"
import { parseShape } from "@slash64/core"
import type { Rooms } from "@slash64/core"
import { Operations, createApp, operationShape, problemShape, routes } from "@slash64/serve"
import type { AppOptions, Operation, Problem } from "@slash64/serve"
import { RoadBench } from "../roads/road-bench.ts"

const metrics: AppOptions["metrics"] = async () => ({ type: "text/plain", text: "" })

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: unknown
}

/** The API in this process, on a hypervisor and routers in memory. What it answers is held to the shapes that it documents. */
export class ApiBench {
  readonly roads: RoadBench
  readonly rooms: Rooms
  readonly operations = new Operations()
  readonly #app: ReturnType<typeof createApp>

  private constructor(roads: RoadBench, options: Partial<AppOptions>) {
    this.roads = roads
    this.rooms = roads.rooms()
    const plugins = [memoryPlugin(roads.world)]
    const signal = new AbortController().signal
    this.#app = createApp({ rooms: this.rooms, plugins, operations: this.operations }, { signal, metrics, ...options })
  }

  static async open(options: Partial<AppOptions> = {}): Promise<ApiBench> {
    return new ApiBench(await RoadBench.open(), options)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.operations.close(0)
    await this.roads[Symbol.asyncDispose]()
  }

  /** Sends `body` as JSON, and looks whether the answer is as the document has it. */
  async send(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const answer = await this.raw(method, path, {
      ...(body !== undefined && { body: JSON.stringify(body) }),
      headers: { ...(body !== undefined && { "content-type": "application/json" }), ...headers },
    })
    const json: unknown = await answer.json()
    check(method, path, answer.status, json)
    return { status: answer.status, headers: answer.headers, body: json }
  }

  /** Long work, to its end. */
  async run(method: string, path: string, body?: unknown): Promise<Operation> {
    const { status, body: operation } = await this.send(method, path, body, { prefer: "wait=30" })
    if (status !== 200) throw new Error(`${status}: ${JSON.stringify(operation)}`)
    return operationShape.parse(operation)
  }

  async refused(method: string, path: string, body?: unknown): Promise<Problem> {
    const { status, body: answer, headers } = await this.send(method, path, body)
    const type = headers.get("content-type")
    const problem = problemShape.parse(answer)
    if (type !== "application/problem+json" || problem.status !== status)
      throw new Error(`${status} is of type ${type}`)
    return problem
  }

  raw(method: string, path: string, init: RequestInit = {}): Promise<Response> {
    return Promise.resolve(this.#app.request(path, { method, ...init }))
  }
}

function check(method: string, path: string, status: number, json: unknown): void {
  if (status >= 400) {
    parseShape("problem", problemShape, json)
    return
  }
  const route = routes.find(
    (one) => one.method === method.toLowerCase() && pattern(one.path).test(path.split("?")[0] ?? ""),
  )
  if (route === undefined) throw new Error(`${method} ${path} is no route`)
  if (route.long !== true) {
    parseShape("answer", route.answer, json)
    return
  }
  const { state, result } = parseShape("operation", operationShape, json)
  if (state === "succeeded") parseShape("result", route.answer, result)
}

function pattern(path: string): RegExp {
  return new RegExp(`^${path.replaceAll(/\{\w+\}/g, "[^/]+")}$`)
}
