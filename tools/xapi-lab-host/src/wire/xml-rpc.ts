import { XMLParser, XMLValidator } from "fast-xml-parser"
import { escapeXml, isDictionary, texts, xmlStruct } from "../model/types.ts"
import type { Codec } from "./codec.ts"

const parser = new XMLParser({
  preserveOrder: true,
  parseTagValue: false,
  trimValues: false,
  ignoreDeclaration: true,
  ignorePiTags: true,
})

/** XML-RPC as a running xapi speaks it: a failure is a struct too, never a fault, and integers are texts. */
export function readXmlCall(body: string): Codec {
  // The parser alone accepts `<a><b></a>`.
  const valid = XMLValidator.validate(body)
  if (valid !== true) throw new Error(`no XML: ${valid.err.msg}`)
  const call = only(toNodes(parser.parse(body)), "methodCall")
  const params = call.children.find(({ name }) => name === "params")?.children ?? []
  return {
    request: {
      method: only(call.children, "methodName").text.trim(),
      params: params.map((param) => readValue(only(param.children, "value"))),
    },
    contentType: "text/xml",
    success: ({ value, type }) => response({ Status: "Success", Value: type.xml(value) }),
    failure: ({ code, params: said }) => response({ Status: "Failure", ErrorDescription: texts.xml([code, ...said]) }),
  }
}

function response(members: Readonly<Record<string, string>>): string {
  const struct = xmlStruct(Object.entries(members))
  return `<?xml version="1.0"?><methodResponse><params><param><value>${struct}</value></param></params></methodResponse>`
}

interface Node {
  readonly name: string
  readonly children: readonly Node[]
  readonly text: string
}

function toNodes(parsed: unknown): readonly Node[] {
  if (!Array.isArray(parsed)) return []
  return parsed.flatMap((entry: unknown): readonly Node[] => {
    const [[name, content] = ["#text", ""]] = isDictionary(entry) ? Object.entries(entry) : []
    if (name === "#text") return []
    const children = toNodes(content)
    return [{ name, children, text: children.length === 0 ? textOf(content) : "" }]
  })
}

function textOf(content: unknown): string {
  if (!Array.isArray(content)) return ""
  return content.map((entry: unknown) => (isDictionary(entry) ? plainText(entry["#text"]) : "")).join("")
}

function readValue(value: Node): unknown {
  const [typed] = value.children
  if (typed === undefined) return value.text
  switch (typed.name) {
    case "string":
    case "int":
    case "i4":
    case "dateTime.iso8601":
      return typed.text
    case "double":
      return Number(typed.text)
    case "boolean":
      return typed.text.trim() === "1"
    case "array":
      return only(typed.children, "data").children.map(readValue)
    case "struct":
      return Object.fromEntries(
        typed.children.map((member) => [only(member.children, "name").text, readValue(only(member.children, "value"))]),
      )
    default:
      throw new Error(`<${escapeXml(typed.name)}> is no value of XML-RPC`)
  }
}

function only(nodes: readonly Node[], name: string): Node {
  const found = nodes.filter((node) => node.name === name)
  if (found[0] === undefined || found.length > 1) throw new Error(`one <${name}> is wanted`)
  return found[0]
}

function plainText(value: unknown): string {
  return typeof value === "string" ? value : ""
}
