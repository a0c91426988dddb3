import { html } from "hono/html"
import type { Problem } from "../problem.ts"
import { pageDocument } from "./document.ts"
import { shownText } from "./html-table.ts"
import type { Html } from "./html-table.ts"

/** What is shown instead of a page, with what to do. */
export function problemPage({ title, detail, hint, requestId }: Problem, address: string): Html {
  const content = html`<p class="wrong">${shownText(detail)}</p>
    ${hint !== undefined && html`<p>${shownText(hint)}</p>`}
    <p class="quiet">The server's log calls this request <code>${requestId}</code>.</p>`
  return pageDocument({ title: `slash64: ${title}`, address, sections: [{ id: "problem", heading: title, content }] })
}
