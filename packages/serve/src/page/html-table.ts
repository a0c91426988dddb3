import { plainText } from "@slash64/core"
import { html } from "hono/html"

/** A piece of a page, in which all that came from outside is escaped. */
export type Html = ReturnType<typeof html>
export type Cell = Html | string | number | undefined

export interface HtmlTable {
  /** Of its caption: unique on the page. */
  readonly id: string
  readonly caption: string
  readonly head: readonly string[]
  /** The first cell of a row is its heading. */
  readonly rows: readonly (readonly Cell[])[]
  /** What is said where there are no rows. */
  readonly empty: string
}

/** No text of a guest or a host fills the page. */
const lettersMost = 400

/** A table that may be wider than the window: then it is moved by the arrow keys when it has the focus. */
export function htmlTable({ id, caption, head, rows, empty }: HtmlTable): Html {
  if (rows.length === 0) return html`<p>${empty}</p>`
  return html`<div class="scroll" role="region" aria-labelledby="${id}" tabindex="0">
    <table>
      <caption id="${id}">
        ${caption}
      </caption>
      <thead>
        <tr>
          ${head.map((name) => html`<th scope="col">${name}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          ([first, ...rest]) =>
            html`<tr>
              <th scope="row">${shown(first)}</th>
              ${rest.map((cell) => html`<td>${shown(cell)}</td>`)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`
}

/** Text from outside, for any place in a page. */
export function shownText(text: string): string {
  const plain = plainText(text)
  return plain.length <= lettersMost ? plain : `${plain.slice(0, lettersMost)}…`
}

export function code(text: string): Html {
  return html`<code>${shownText(text)}</code>`
}

/** Each on a line of its own, the first `most` of them. */
export function lines(cells: readonly Cell[], most = 16): Html {
  const left = cells.length - most
  const some = [...cells.slice(0, most), ...(left > 0 ? [`and ${left} more`] : [])]
  return html`${some.map((cell) => html`<div>${shown(cell)}</div>`)}`
}

function shown(cell: Cell): Cell {
  if (cell === undefined || cell === "") return html`<span class="quiet">none</span>`
  // A string that hono has escaped is an object of its own kind.
  return typeof cell === "string" && !("isEscaped" in Object(cell)) ? shownText(cell) : cell
}
