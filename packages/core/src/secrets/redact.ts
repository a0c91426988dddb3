import { knownSecrets } from "./known-secrets.ts"
import { isSecretName } from "./secret-names.ts"

const censor = "(not shown)"
const deepest = 8

/** A copy of fields for a log, without secrets: see {@link redact}. */
export function redactFields(fields: object, depth = 0): Record<string, unknown> {
  const isOfSecret = "field" in fields && isSecretName(String(fields.field).split(".").at(-1) ?? "")
  const own = fields instanceof Error ? ownFields(fields) : fields
  return Object.fromEntries(
    Object.entries(own).map(([name, value]) => {
      const isSecret = isSecretName(name) || (isOfSecret && name === "value")
      return [name, isSecret && value !== undefined ? censor : redact(value, depth + 1)]
    }),
  )
}

/**
 * A copy for a log, without secrets: fields that are named like one, the value of an error about one, bytes, and in
 * every text what {@link redactText} finds. An error becomes its fields, with its stack and cause.
 */
export function redact(value: unknown, depth = 0): unknown {
  if (typeof value === "string") return redactText(value)
  if (typeof value === "function") return "(a function)"
  if (typeof value !== "object" || value === null) return value
  if (depth >= deepest) return "(too deep)"
  if (ArrayBuffer.isView(value)) return `(${value.byteLength} bytes)`
  return Array.isArray(value) ? value.map((one: unknown) => redact(one, depth + 1)) : redactFields(value, depth)
}

/**
 * A text without private keys, the passwords of URLs, what follows `password=` and its like, bearer tokens, and the
 * secrets of the hosts that this process has opened.
 */
export function redactText(text: string): string {
  const shapeless = knownSecrets().reduce((rest, secret) => rest.replaceAll(secret, censor), text)
  return rules.reduce((rest, [pattern, put]) => rest.replace(pattern, put), shapeless)
}

const named = String.raw`(?:passw\w*|passphrase|secret|\w*token|credentials?|authorization|private_?key|api_?key|seed)`
// Where quotes are escaped it goes too far rather than too short.
const quoted = String.raw`\\*"(?:\\.|[^"\\])*"?|'[^']*'?`

const rules: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----[^]*?(?:-----END [A-Z0-9 ]*PRIVATE KEY-----|$)/g, censor],
  // "openssh-key-v1" in base64: the key without its frame.
  [/b3BlbnNzaC1rZXktdjE[\w+/=]*/g, censor],
  // To the last @ of the word: a password may hold a slash or an @ of its own.
  [/(:\/\/[^\s:/@]*:)[^\s"'<>]*@/g, `$1${censor}@`],
  [/\b(bearer|basic)(\s+)[\w.~+/=-]{8,}/gi, `$1$2${censor}`],
  [
    new RegExp(
      String.raw`\b(${named}\\*["']?(?:\s*[:=]\s*|\s+(?=["'])))(?!\(not shown\))(?:${quoted}|[^\s,;&"'}\]]+)`,
      "gi",
    ),
    `$1${censor}`,
  ],
]

/** What `Object.entries` passes over: an error's own fields are not enumerable. */
function ownFields(error: Error): object {
  const { name, message, stack, cause } = error
  return {
    ...Object.fromEntries(Object.entries(error)),
    type: name,
    message,
    stack,
    ...(cause === undefined ? {} : { cause }),
  }
}
