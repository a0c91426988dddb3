import { type Xml, type XmlAttributes, type XmlChild, xml } from "./element.ts"
import type { XmlNode } from "./parse-xml.ts"

/** The namespace of our elements in libvirt's `<metadata>`: what bears none is not ours and is never touched. */
export const markNamespace = "urn:slash64:libvirt:1"

const prefix = "slash64"

/** `<metadata>` with our mark of this kind. */
export function markXml(kind: string, attributes: XmlAttributes, ...children: readonly XmlChild[]): Xml {
  return xml(
    "metadata",
    {},
    xml(`${prefix}:${kind}`, { [`xmlns:${prefix}`]: markNamespace, ...attributes }, ...children),
  )
}

export function markChildXml(name: string, attributes: XmlAttributes): Xml {
  return xml(`${prefix}:${name}`, attributes)
}

/** Our mark of this kind on a network or domain, whatever prefix libvirt wrote it with; undefined when not ours. */
export function findMark(root: XmlNode, kind: string): XmlNode | undefined {
  return root
    .child("metadata")
    ?.children.find(
      (child) => localName(child) === kind && child.attribute(`xmlns${prefixSuffix(child)}`) === markNamespace,
    )
}

export function markChildren(mark: XmlNode, name: string): readonly XmlNode[] {
  return mark.children.filter((child) => localName(child) === name)
}

function localName(node: XmlNode): string {
  return node.name.slice(node.name.indexOf(":") + 1)
}

function prefixSuffix(node: XmlNode): string {
  const colon = node.name.indexOf(":")
  return colon < 0 ? "" : `:${node.name.slice(0, colon)}`
}
