export interface Token {
  readonly text: string
  readonly line: number
  /** The comment right before the token: libvirt keeps a procedure's annotations there. */
  readonly comment: string
}

const lexeme = /\/\*(?<comment>[\s\S]*?)\*\/|^%.*$|(?<text>\w+|[{}()[\]<>=;:,*])|(?<space>\s+)|(?<wrong>.)/gmu

/** Splits an .x file into tokens; comments stay with the token that follows, `%` lines are left out. */
export function tokenize(text: string): readonly Token[] {
  const tokens: Token[] = []
  let comment = ""
  let line = 1
  for (const match of text.matchAll(lexeme)) {
    const groups = match.groups ?? {}
    if (groups["wrong"] !== undefined) throw new Error(`Line ${line}: ${groups["wrong"]} is no part of the language`)
    if (groups["comment"] !== undefined) comment = groups["comment"]
    if (groups["text"] !== undefined) {
      tokens.push({ text: groups["text"], line, comment })
      comment = ""
    }
    line += match[0].split("\n").length - 1
  }
  return tokens
}
