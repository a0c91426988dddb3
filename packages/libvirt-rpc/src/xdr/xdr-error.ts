/** A value that its XDR type does not allow, or bytes that are not of their type; `path` leads to the field. */
export class XdrError extends Error {
  override readonly name = "XdrError"
  readonly path: string
  readonly reason: string

  constructor(reason: string, path = "") {
    super(path === "" ? reason : `${path}: ${reason}`)
    this.path = path
    this.reason = reason
  }

  /** The same error, seen from the container of the field. */
  within(name: string): XdrError {
    const separator = this.path === "" || this.path.startsWith("[") ? "" : "."
    return new XdrError(this.reason, `${name}${separator}${this.path}`)
  }
}
