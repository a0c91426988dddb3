import { Slash64Error, quote } from "@slash64/core"

/** Markup that is already escaped. Only {@link xml} makes it, so that no text can pass for markup. */
export class Xml {
  readonly markup: string
  private constructor(markup: string) {
    this.markup = markup
  }
  static readonly of = (markup: string): Xml => new Xml(markup)
  toString(): string {
    return this.markup
  }
}

export type XmlAttributes = Readonly<Record<string, string | number | undefined>>
export type XmlChild = Xml | string | number | undefined | readonly XmlChild[]

/**
 * An element. Attribute values and text children are escaped; an attribute or child that is undefined is left out.
 * Names are ours and not escaped.
 */
export function xml(name: string, attributes: XmlAttributes = {}, ...children: readonly XmlChild[]): Xml {
  const written = Object.entries(attributes)
    .filter((entry) => entry[1] !== undefined)
    .map(([key, value]) => ` ${key}="${escapeXml(String(value))}"`)
    .join("")
  const inside = children.map(writeChild).filter((text) => text !== "")
  if (inside.length === 0) return Xml.of(`<${name}${written}/>`)
  const onlyText = children.every((child) => typeof child === "string" || typeof child === "number")
  if (onlyText) return Xml.of(`<${name}${written}>${inside.join("")}</${name}>`)
  return Xml.of(`<${name}${written}>\n${indent(inside.join("\n"))}\n</${name}>`)
}

function writeChild(child: XmlChild): string {
  if (child === undefined) return ""
  if (child instanceof Xml) return child.markup
  if (typeof child === "string" || typeof child === "number") return escapeXml(String(child))
  return child
    .map(writeChild)
    .filter((text) => text !== "")
    .join("\n")
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, "  ")
}

/** XML 1.0 section 2.2: other control characters cannot stand in a document, not even escaped. */
// oxlint-disable-next-line no-control-regex
const forbidden = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/

export function escapeXml(text: string): string {
  if (forbidden.test(text) || !text.isWellFormed()) {
    throw new Slash64Error("INVALID_ARGUMENT", `${quote(text)} cannot stand in an XML document`, {
      value: quote(text),
      hint: "Leave control characters and lone surrogates out.",
    })
  }
  return text.replaceAll(/[&<>"'\t\n\r]/g, (character) => `&#${character.charCodeAt(0)};`)
}
