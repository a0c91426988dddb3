import { html, raw } from "hono/html"
import type { Html } from "./html-table.ts"
import { styleElement } from "./style.ts"

export interface Section {
  readonly id: string
  readonly heading: string
  readonly content: Html
}

export interface PageDocument {
  readonly title: string
  /** When what it shows was seen. Absent: it shows nothing that was seen. */
  readonly at?: Date
  /** Its own address, without `refresh`. */
  readonly address: string
  /** Loads itself anew so often. Absent: never, so that nobody is moved while reading. */
  readonly refreshSeconds?: number
  readonly sections: readonly Section[]
}

export const refreshDefaultSeconds = 30

/** A whole page. Headings go from 1 to 2, and all that can be reached by mouse is reached by keyboard. */
export function pageDocument({ title, at, address, refreshSeconds, sections }: PageDocument): Html {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        ${refreshSeconds !== undefined && html`<meta http-equiv="refresh" content="${refreshSeconds}" />`}
        <title>${title}</title>
        ${raw(styleElement)}
      </head>
      <body>
        <a class="skip" href="#main">To the content</a>
        <header>
          <h1>${title}</h1>
          ${at !== undefined && seenAt(at, address, refreshSeconds)}
          <nav aria-label="This page">
            <ul>
              <li><a href="/">Overview</a></li>
              ${sections.map(({ id, heading }) => html`<li><a href="#${id}">${heading}</a></li>`)}
            </ul>
          </nav>
        </header>
        <main id="main" tabindex="-1">
          ${sections.map(
            ({ id, heading, content }) =>
              html`<section aria-labelledby="${id}">
                <h2 id="${id}">${heading}</h2>
                ${content}
              </section>`,
          )}
        </main>
      </body>
    </html>`
}

function seenAt(at: Date, address: string, refreshSeconds: number | undefined): Html {
  const iso = at.toISOString()
  const other = address.includes("?") ? "&" : "?"
  return html`<p>
    As of <time datetime="${iso}">${iso.slice(0, 19).replace("T", " ")} UTC</time>.
    ${
      refreshSeconds === undefined
        ? html`<a href="${address}${other}refresh=${refreshDefaultSeconds}"
            >Refresh every ${refreshDefaultSeconds} s</a
          >`
        : html`It is refreshed every ${refreshSeconds} s. <a href="${address}">Stop that</a>`
    }
  </p>`
}
