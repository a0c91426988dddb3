/** What a command gives: the same facts twice, as JSON and as text for a person. */
export interface Answer {
  readonly json: unknown
  readonly text: string
  /** 0 where absent; a command that found something amiss says so here. */
  readonly exitCode?: number
}
