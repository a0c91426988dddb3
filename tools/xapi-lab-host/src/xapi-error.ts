/** A failure as XAPI tells it: a name of its own and parameters in its order. */
export class XapiError extends Error {
  readonly code: string
  readonly params: readonly string[]

  constructor(code: string, ...params: readonly string[]) {
    super(`${code}(${params.join(", ")})`)
    this.name = "XapiError"
    this.code = code
    this.params = params
  }
}

/** What XAPI says of a defect of its own or of a value that its dispatcher cannot read. */
export function internalError(text: string): XapiError {
  return new XapiError("INTERNAL_ERROR", text)
}

/** Any error as XAPI would tell it. */
export function toXapiError(error: unknown): XapiError {
  if (error instanceof XapiError) return error
  return internalError(error instanceof Error ? error.message : String(error))
}
