/** The header `Prefer: wait=SECONDS` (RFC 7240 section 4.3) in milliseconds, a minute at the most; undefined without it. */
export function readPreferWait(header: string | undefined): number | undefined {
  const seconds = /(?:^|,)\s*wait\s*=\s*"?(\d{1,6})"?\s*(?:$|[,;])/i.exec(header ?? "")?.[1]
  return seconds === undefined ? undefined : Math.min(Number(seconds), 60) * 1000
}
