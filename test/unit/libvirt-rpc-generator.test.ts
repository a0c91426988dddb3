import { readFileSync, readdirSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { generate } from "../../packages/libvirt-rpc/generator/generate.ts"
import { parseHeaders } from "../../packages/libvirt-rpc/generator/parse-header.ts"
import { parseProtocol } from "../../packages/libvirt-rpc/generator/parse-protocol.ts"

const fixtures = join(import.meta.dirname, "../fixtures/libvirt-rpc")
const committed = join(import.meta.dirname, "../../packages/libvirt-rpc/src/generated")
const protocol = readFileSync(join(fixtures, "small.x"), "utf8")
const header = readFileSync(join(fixtures, "small.h"), "utf8")
const files = generate({ protocols: [protocol], headers: [header] })

describe("the generator", () => {
  it("writes the files that are committed, and no other", () => {
    expect([...files.keys()].toSorted()).toEqual(readdirSync(committed).toSorted())
  })

  it.each([...files])("writes %s", async (name, text) => {
    await expect(text).toMatchFileSnapshot(join(fixtures, "golden", `${name}.txt`))
  })

  it("writes the same from the same", () => {
    expect(generate({ protocols: [protocol], headers: [header] })).toEqual(files)
  })

  it("takes no prose over", () => {
    const comments = [...files.values()].flatMap((text) => text.match(/^.*(?:\/\/|\/\*).*$/gm) ?? [])
    expect(new Set(comments).size).toBe(1)
  })
})

describe("what it does not know it refuses, with the line", () => {
  it.each([
    ["a program", "const A = 1;\nprogram X { } = 1;", 'Line 2: found "program" where const, typedef'],
    ["a missing semicolon", "const A = 1\nconst B = 2;", 'Line 2: found "const" where ; should stand'],
    ["an odd character", "const A = 1;\n\n$", "Line 3: $ is no part of the language"],
    ["an enum without a number", "enum a {\n B\n};", 'Line 3: found "}" where = should stand'],
    ["an end in the middle", "struct a { int b;", "ends in the middle of a definition"],
    [
      "a default arm",
      "union a switch (int b) {\n default: void;\n};",
      'Line 2: found "default" where case should stand',
    ],
  ])("%s", (_, text, message) => {
    expect(() => parseProtocol(text)).toThrow(message)
  })

  it.each([
    ["a type that is nowhere", "struct remote_x { remote_y z; };", "The type remote_y is used and never defined"],
    ["a number that is nowhere", "typedef string remote_x<MAX>;", "MAX is neither a number nor a known constant"],
    ["one name twice", "const A = 1; const A = 2;", "Two definitions carry the same name"],
    ["fixed opaque bytes", "typedef opaque remote_x[8];", "fixed opaque data other than a UUID"],
    ["a fixed array", "struct remote_x { int y[3]; };", "Fixed arrays of other things than bytes"],
  ])("%s", (_, text, message) => {
    expect(() => generate({ protocols: [protocol, text], headers: [header] })).toThrow(message)
  })

  it.each([
    ["a value that is nowhere", "typedef enum { A = B } C;", '"B" is not understood'],
    ["a member that is none", "typedef enum { A B } C;", 'holds "A B", which is no member'],
  ])("%s", (_, text, message) => {
    expect(() => parseHeaders([text])).toThrow(message)
  })
})
