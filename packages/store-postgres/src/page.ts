/** As a LIMIT. */
export const all = Number.MAX_SAFE_INTEGER
