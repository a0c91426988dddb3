import type { Disturb, Disturbance } from "@slash64/tool-xapi-lab-host"

/** The wire to a XAPI lab host in a test's hands: one changing request, after some others, is disturbed. */
export interface XapiFaults {
  /** For the lab host. */
  readonly disturb: Disturb
  /** What it gives ends this, and says which request was disturbed. */
  disturbOne(skip: number, disturbance: Disturbance): () => string | undefined
}

export function xapiFaults(): XapiFaults {
  let current: Disturb | undefined
  return {
    disturb: (method) => current?.(method),
    disturbOne(skip, disturbance) {
      let left = skip
      let disturbed: string | undefined
      current = (method) => {
        if (!isChange(method) || left-- !== 0) return undefined
        disturbed = method
        return disturbance
      }
      return () => {
        current = undefined
        return disturbed
      }
    },
  }
}

function isChange(method: string): boolean {
  return !/\.get_|^export_|^session\.|^system\.|^event\./.test(method)
}
