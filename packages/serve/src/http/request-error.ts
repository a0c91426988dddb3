import { Slash64Error } from "@slash64/core"
import type { ErrorCode, ErrorDetails } from "@slash64/core"

/** What is wrong with a request as HTTP has it, by a status of its own: 401, 405, 413, 415. */
export class RequestError extends Slash64Error {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>

  constructor(
    status: number,
    code: ErrorCode,
    message: string,
    details: ErrorDetails & { readonly headers?: Readonly<Record<string, string>> } = {},
  ) {
    const { headers = {}, ...own } = details
    super(code, message, own)
    this.status = status
    this.headers = headers
  }
}
