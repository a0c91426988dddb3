import { Slash64Error } from "@slash64/core"
import { XMLParser, XMLValidator } from "fast-xml-parser"

/** An element of a document that libvirt gave. */
export class XmlNode {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  readonly children: readonly XmlNode[]
  readonly text: string

  constructor(name: string, attributes: Readonly<Record<string, string>>, children: readonly XmlNode[], text: string) {
    this.name = name
    this.attributes = attributes
    this.children = children
    this.text = text
  }

  attribute(name: string): string | undefined {
    return Object.hasOwn(this.attributes, name) ? this.attributes[name] : undefined
  }

  child(name: string): XmlNode | undefined {
    return this.children.find((child) => child.name === name)
  }

  all(name: string): readonly XmlNode[] {
    return this.children.filter((child) => child.name === name)
  }

  /** The element at the end of a path of names, the first of each. */
  at(...path: readonly string[]): XmlNode | undefined {
    return path.reduce<XmlNode | undefined>((node, name) => node?.child(name), this)
  }
}

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: "",
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: true,
  htmlEntities: true,
  ignoreDeclaration: true,
  ignorePiTags: true,
})

/** Parses a document that must have `root` as its root element. INTERNAL when it is not well-formed or another one. */
export function parseXml(document: string, root: string): XmlNode {
  // The parser alone accepts `<a><b></a>`.
  const valid = XMLValidator.validate(document)
  if (valid !== true) throw malformed(root, valid.err.msg)
  const parsed: unknown = parser.parse(document)
  const nodes = toNodes(parsed)
  const [first] = nodes
  if (nodes.length !== 1 || first?.name !== root) throw malformed(root, `its root is <${first?.name ?? "nothing"}>`)
  return first
}

function toNodes(parsed: unknown): readonly XmlNode[] {
  if (!Array.isArray(parsed)) return []
  return parsed.flatMap((entry: unknown) => {
    if (!isRecord(entry)) return []
    const name = Object.keys(entry).find((key) => key !== ":@" && key !== "#text")
    if (name === undefined) return []
    const content = entry[name]
    return [new XmlNode(name, toAttributes(entry[":@"]), toNodes(content), textOf(content))]
  })
}

function toAttributes(value: unknown): Record<string, string> {
  if (!isRecord(value)) return {}
  return Object.fromEntries(Object.entries(value).map(([key, text]) => [key, String(text)]))
}

function textOf(content: unknown): string {
  if (!Array.isArray(content)) return ""
  return content.map((entry: unknown) => (isRecord(entry) && "#text" in entry ? String(entry["#text"]) : "")).join("")
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}

function malformed(root: string, problem: string): Slash64Error {
  return new Slash64Error("INTERNAL", `libvirt's <${root}> document cannot be read: ${problem}`, {
    hint: "Please report this with the version of libvirt.",
  })
}
