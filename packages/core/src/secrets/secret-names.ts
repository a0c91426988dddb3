const secretName = /passw|passphrase|secret|token|credential|authorization|private_?key|api_?key|^seed$/i

/** Whether a field is named like one that holds a secret: `password`, `privateKey`, `api_key`. */
export function isSecretName(name: string): boolean {
  return secretName.test(name)
}

/** `env:NAME` or `file:/PATH`, which stands in a configuration where a secret would. */
export function isSecretReference(value: unknown): value is string {
  return typeof value === "string" && /^(file:\/[^\0\n]+|env:[A-Za-z_]\w*)$/.test(value)
}
