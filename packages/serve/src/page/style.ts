import { createHash } from "node:crypto"

/** All the style there is: system fonts, relative sizes, the reader's own colour scheme. */
const style = `
:root { color-scheme: light dark; --text: #1a1a1a; --paper: #fff; --line: #b5b5b5; --head: #f0f0f0; --link: #0b4fa8; --wrong: #a4161a; --quiet: #595959 }
@media (prefers-color-scheme: dark) {
  :root { --text: #e8e8e8; --paper: #161616; --line: #5c5c5c; --head: #262626; --link: #8fc1ff; --wrong: #ff9b94; --quiet: #b0b0b0 }
}
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 100rem; padding: 0 1rem 2rem; font: 1rem/1.5 system-ui, sans-serif; color: var(--text); background: var(--paper) }
h1 { margin: 1rem 0 0; font-size: 1.6rem }
h2 { margin: 2rem 0 .5rem; font-size: 1.25rem }
a { color: var(--link) }
a:focus-visible, [tabindex]:focus-visible { outline: 3px solid var(--link); outline-offset: 2px }
.skip { position: absolute; left: -100rem }
.skip:focus { left: 1rem; top: 1rem; padding: .5rem; background: var(--paper) }
nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; padding: 0; list-style: none }
.scroll { overflow-x: auto }
table { border-collapse: collapse; width: 100% }
caption { padding: .25rem 0; text-align: start; color: var(--quiet) }
th, td { padding: .35rem .5rem; border: 1px solid var(--line); text-align: start; vertical-align: top; unicode-bidi: isolate }
thead th { background: var(--head) }
tbody th { font-weight: 600 }
tbody th code { font-weight: 400 }
code { display: inline-block; min-width: 8.2rem; font: .85em ui-monospace, monospace; overflow-wrap: anywhere; unicode-bidi: isolate }
.quiet { color: var(--quiet) }
.wrong { color: var(--wrong) }
`

/** Whole, since the policy has the digest of each byte between its tags. */
export const styleElement = `<style>${style}</style>`

const hash = createHash("sha256").update(style).digest("base64")

/** Nothing is loaded, run, sent or framed: a page is its own text and this style. */
export const contentSecurityPolicy = [
  "default-src 'none'",
  `style-src 'sha256-${hash}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ")
