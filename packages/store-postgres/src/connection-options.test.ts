import { describe, expect, it } from "vitest"
import { parsePostgresUrl, targetOf, withoutPassword } from "./connection-options.ts"

describe("parsePostgresUrl", () => {
  it.each([
    ["postgres://me@localhost/x", { host: "localhost", port: 5432, user: "me", database: "x", ssl: false }],
    ["postgresql://me:p%40ss@127.0.0.1:6000/x", { host: "127.0.0.1", port: 6000, user: "me", password: "p@ss" }],
    ["postgres://me@[::1]:6000/x", { host: "::1", port: 6000 }],
    ["postgres:///x?host=/run/pg", { host: "/run/pg", database: "x", ssl: false }],
    ["postgres://me@/x", { host: "/run/postgresql", user: "me", database: "x" }],
    ["postgres://db/x?sslmode=disable", { host: "db", ssl: false }],
    ["postgres://db/x?sslmode=require", { ssl: { rejectUnauthorized: false } }],
    ["postgres://db/x?sslmode=verify-full", { ssl: {} }],
  ])("reads %s", (url, config) => {
    expect(parsePostgresUrl(url).config).toMatchObject(config)
  })

  it.each([
    ["http://me:hunter2@db/x", "url"],
    ["postgres://me:hunter2@db:port/x", "url"],
    ["postgres://me:hunter2@db:70000/x?sslmode=disable", "connection.port"],
    ["postgres://me:hunter2@d@b/x", "url"],
    ["postgres://me:hunter2%zz@localhost/x", "url.password"],
    ["postgres://me:hunter2@db/x", "url.sslmode"],
    ["postgres://me:hunter2@localhost/x?sslmode=prefer", "url.sslmode"],
    ["postgres://me:hunter2@db/x?sslmode=verify-ca&sslrootcert=/nowhere/ca.pem", "url.sslrootcert"],
    ["postgres://me@localhost/x?password=hunter2", "url"],
  ])("refuses %s, and shows no password", (url, field) => {
    const refused = expect.objectContaining({ code: "INVALID_ARGUMENT", field, hint: expect.any(String) })
    expect(() => parsePostgresUrl(url)).toThrow(refused)
    expect(() => parsePostgresUrl(url)).not.toThrow(/hunter2/)
  })

  it.each([
    ["postgres://me:hunter2@localhost/x", "postgres://me@localhost:5432/x"],
    ["postgres://me:hunter2@/x?host=/run/pg", "postgres://me@/x?host=/run/pg"],
    ["postgres://[::1]/a%2Fb", "postgres://[::1]:5432/a%2Fb"],
  ])("names the store %s without its password", (url, name) => {
    expect(parsePostgresUrl(url).name).toBe(name)
  })
})

describe("targetOf", () => {
  it("passes on what node:tls takes", () => {
    const tls = { ca: "a certificate", servername: "db.example" }
    expect(targetOf({ host: "db", tls }).config.ssl).toBe(tls)
  })

  it.each([
    [{ host: "" }, "connection.host"],
    [{ host: "db", port: 0 }, "connection.port"],
  ])("refuses %j", (connection, field) => {
    expect(() => targetOf(connection)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT", field }))
  })
})

describe("withoutPassword", () => {
  it.each([
    ["--db=postgres://me:a/b@c:d@db/x", "--db=postgres://me:***@db/x"],
    ["postgres://me@db/x", "postgres://me@db/x"],
    ["blue", "blue"],
  ])("%s", (word, shown) => {
    expect(withoutPassword(word)).toBe(shown)
  })
})
