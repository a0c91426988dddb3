import { checkAborted, untilAborted } from "../plugin/call.ts"
import type { Call } from "../plugin/call.ts"

/**
 * One queue for each router: at most one run goes and one waits. The one that waits reads the store when it starts,
 * so it serves everybody who came before that, and they share its answer.
 */
export class ConvergeQueue<Answer> {
  readonly #queues = new Map<string, Queue<Answer>>()

  /** `run` is given a call of the queue's own, which is aborted when everybody who waits for it has gone. */
  join(key: string, call: Call, run: (call: Call) => Promise<Answer>): Promise<Answer> {
    const queue = this.#queues.get(key) ?? {}
    this.#queues.set(key, queue)
    queue.waiting ??= this.#enqueue(key, queue, run)
    return queue.waiting.join(call)
  }

  #enqueue(key: string, queue: Queue<Answer>, run: (call: Call) => Promise<Answer>): SharedRun<Answer> {
    const before = queue.running?.settled ?? Promise.resolve()
    const shared: SharedRun<Answer> = new SharedRun(async () => {
      await before
      queue.running = shared
      delete queue.waiting
      try {
        return await shared.start(run)
      } finally {
        delete queue.running
        if (queue.waiting === undefined) this.#queues.delete(key)
      }
    })
    return shared
  }
}

interface Queue<Answer> {
  running?: SharedRun<Answer>
  waiting?: SharedRun<Answer>
}

/** One run and those who wait for it. */
class SharedRun<Answer> {
  /** Resolves when the run has ended, well or not. */
  readonly settled: Promise<void>
  readonly #answer: Promise<Answer>
  readonly #members = new Set<Call>()
  readonly #abandoned = new AbortController()
  #started = false

  constructor(body: () => Promise<Answer>) {
    this.#answer = body()
    this.settled = this.#end()
  }

  async #end(): Promise<void> {
    await Promise.allSettled([this.#answer])
  }

  start(run: (call: Call) => Promise<Answer>): Promise<Answer> {
    this.#started = true
    const [first] = this.#members
    if (first === undefined) this.#abandoned.abort()
    return run({
      requestId: first?.requestId ?? "abandoned",
      signal: this.#abandoned.signal,
      report: (progress) => this.#members.forEach((member) => member.report(progress)),
    })
  }

  async join(call: Call): Promise<Answer> {
    checkAborted(call.signal)
    this.#members.add(call)
    try {
      return await untilAborted(this.#answer, call.signal)
    } finally {
      this.#members.delete(call)
      if (this.#started && this.#members.size === 0) this.#abandoned.abort()
    }
  }
}
