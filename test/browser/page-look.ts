import { z } from "zod"
import type { Tab } from "./chromium.ts"

const lookShape = z.strictObject({
  language: z.string(),
  landmarks: z.array(z.string()),
  headings: z.array(z.int()),
  /** Each with its caption, how many rows have no heading, and how many headings say not of what. */
  tables: z.array(z.strictObject({ caption: z.string(), headless: z.int(), unscoped: z.int() })),
  twiceIds: z.array(z.string()),
  /** Links to a place in the page that is not there. */
  deadLinks: z.array(z.string()),
  /** Of each piece of text against what is behind it (WCAG 2.2, 1.4.3). */
  contrasts: z.array(z.strictObject({ text: z.string(), ratio: z.number() })),
  /** How light the page is behind its text, 0 to 255. */
  paper: z.number(),
})
export type PageLook = z.output<typeof lookShape>

/** What a page that is open is to those who cannot see it well, or not at all. */
export async function readLook(tab: Tab): Promise<PageLook> {
  return lookShape.parse(await tab.evaluate(`(${script})()`))
}

const script = `() => {
  const all = (selector, from = document) => [...from.querySelectorAll(selector)]
  const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number)
  const behind = (element) => {
    for (let one = element; one !== null; one = one.parentElement) {
      const [r, g, b, a = 1] = numbers(getComputedStyle(one).backgroundColor)
      if (a > 0) return [r, g, b]
    }
    return [255, 255, 255]
  }
  const luminance = (rgb) => {
    const [r, g, b] = rgb.map((c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  const ratio = (one, other) => {
    const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a)
    return (light + 0.05) / (dark + 0.05)
  }
  const texts = []
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  while (walker.nextNode()) {
    const text = walker.currentNode.data.trim()
    const element = walker.currentNode.parentElement
    if (text === "") continue
    const colour = numbers(getComputedStyle(element).color).slice(0, 3)
    texts.push({ text: text.slice(0, 40), ratio: ratio(colour, behind(element)) })
  }
  const ids = all("[id]").map(({ id }) => id)
  return {
    language: document.documentElement.lang,
    landmarks: all("header, nav, main").map(({ localName }) => localName),
    headings: all("h1, h2, h3, h4, h5, h6").map(({ localName }) => Number(localName[1])),
    tables: all("table").map((table) => ({
      caption: table.caption?.innerText ?? "",
      headless: [...table.rows].filter((row) => row.querySelector("th") === null).length,
      unscoped: all("th:not([scope])", table).length,
    })),
    twiceIds: ids.filter((id, at) => ids.indexOf(id) !== at),
    deadLinks: all("a[href^='#']").map((link) => link.getAttribute("href")).filter((href) => !ids.includes(href.slice(1))),
    contrasts: texts,
    paper: behind(document.body)[0],
  }
}`
