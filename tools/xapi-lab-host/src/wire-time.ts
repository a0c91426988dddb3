/** A time as XAPI writes it: `20261124T18:13:18Z`. */
export function wireTime(milliseconds: number = Date.now()): string {
  return new Date(milliseconds).toISOString().replaceAll("-", "").replace(/\.\d+/, "")
}
