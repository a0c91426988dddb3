import { type Xml, xml } from "./element.ts"
import type { XmlNode } from "./parse-xml.ts"

/** An element of a document that libvirt gave, to be given back as it is. */
export function renderNode({ name, attributes, children, text }: XmlNode): Xml {
  return xml(name, attributes, text === "" ? children.map(renderNode) : text)
}
