import type { Answer, Request } from "../calls/dispatch.ts"
import type { XapiError } from "../xapi-error.ts"

/** A call as it came, and how its answer is to be written. */
export interface Codec {
  readonly request: Request
  readonly contentType: string
  success(answer: Answer): string
  failure(error: XapiError): string
}
