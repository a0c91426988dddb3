import { Counter, Histogram } from "prom-client"
import type { Registry } from "prom-client"
import type { AnsweredRequest } from "./app.ts"

const buckets = [0.001, 0.005, 0.025, 0.1, 0.5, 1, 5, 30]

/** Counts the answers of the API into `registry`; gives what counts one. */
export function countAnswers(registry: Registry): (answer: AnsweredRequest) => void {
  const registers = [registry]
  const answers = new Counter({
    name: "slash64_http_requests_total",
    help: "Requests that were answered, by route and status.",
    labelNames: ["method", "route", "status"],
    registers,
  })
  const seconds = new Histogram({
    name: "slash64_http_request_duration_seconds",
    help: "How long answers took until they began.",
    labelNames: ["method", "route"],
    buckets,
    registers,
  })
  return ({ method, route, status, durationMs }) => {
    answers.inc({ method: known.has(method) ? method : "other", route, status })
    seconds.observe({ method: known.has(method) ? method : "other", route }, durationMs / 1000)
  }
}

/** A client may call its method anything; a label may not. */
const known = new Set(["GET", "HEAD", "PUT", "POST", "PATCH", "DELETE", "OPTIONS"])
