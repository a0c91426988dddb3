import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { Slash64Error } from "../errors.ts"
import { rememberSecrets } from "./known-secrets.ts"
import { redact, redactText } from "./redact.ts"

const pem =
  "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\nhunter2\n-----END OPENSSH PRIVATE KEY-----\n"

describe("redactText", () => {
  it.each([
    ["postgres://app:hunter2@db/slash64", "postgres://app:(not shown)@db/slash64"],
    ["cannot reach https://root:hunt/er2@x@xen7/ now", "cannot reach https://root:(not shown)@xen7/ now"],
    ["redis://:hunter2@db", "redis://:(not shown)@db"],
    [`key ${pem}end`, "key (not shown)\nend"],
    [JSON.stringify(pem), '"(not shown)\\n"'],
    ["cut off: -----BEGIN EC PRIVATE KEY-----\nhunter2", "cut off: (not shown)"],
    ["b3BlbnNzaC1rZXktdjEAAAAAhunter2==", "(not shown)"],
    ["?user=a&password=hunter2&x=1", "?user=a&password=(not shown)&x=1"],
    ['{"password":"hunter2","uri":"x"}', '{"password":(not shown),"uri":"x"}'],
    [String.raw`{\"api_key\":\"hunter2\"`, String.raw`{\"api_key\":(not shown)`],
    ['config.password "hunter2": is too short', "config.password (not shown): is too short"],
    ["access_token: hunter2, retry", "access_token: (not shown), retry"],
    ["Authorization: Bearer hunter2hunter2", "Authorization: (not shown) (not shown)"],
    ["sent Bearer hunter2.hunter2", "sent Bearer (not shown)"],
  ])("of %j is %j", (text, shown) => {
    expect(redactText(text)).toBe(shown)
    expect(redactText(text)).not.toContain("hunter2")
    expect(redactText(shown)).toBe(shown)
  })

  it.each([
    "qemu+ssh://root@rack7:22/system",
    "http://127.0.0.1:8064/networks",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPublic root@rack7",
    "2001:db8:0:1::80",
    "the password is wrong",
    "env:XEN_PASSWORD",
  ])("leaves %j as it is", (text) => {
    expect(redactText(text)).toBe(text)
  })

  it("knows the secrets of the hosts that were opened, whatever they look like", () => {
    const folder = mkdtempSync(join(tmpdir(), "slash64-secrets-"))
    writeFileSync(join(folder, "password"), "shapeless-in-a-file\n")
    process.env["SLASH64_TEST_SECRET"] = "shapeless in a variable"
    rememberSecrets({
      url: "https://xen7",
      login: { password: `file:${folder}/password`, token: "env:SLASH64_TEST_SECRET" },
      apiKey: "shapeless+itself",
      secret: `file:${folder}/absent`,
    })
    const said = "xen7 refused shapeless-in-a-file, shapeless in a variable and shapeless+itself at https://xen7"
    expect(redactText(said)).toBe("xen7 refused (not shown), (not shown) and (not shown) at https://xen7")
    rmSync(folder, { recursive: true })
    delete process.env["SLASH64_TEST_SECRET"]
  })
})

describe("redact", () => {
  it("hides fields that are named like a secret, however deep, and bytes", () => {
    const seed = Buffer.from("hunter2")
    expect(redact({ uri: "x", a: [{ privateKey: pem, hostKey: "ssh-ed25519 A" }], seed, file: seed })).toEqual({
      uri: "x",
      a: [{ privateKey: "(not shown)", hostKey: "ssh-ed25519 A" }],
      seed: "(not shown)",
      file: "(7 bytes)",
    })
  })

  it("keeps what an error says, with its causes, and hides the value of one about a secret", () => {
    const native = { command: "login", params: ["root", "postgres://a:hunter2@b"] }
    const cause = new Error("password=hunter2 was refused")
    const error = new Slash64Error("UNAUTHENTICATED", "refused", {
      field: "config.password",
      value: "hunter2",
      native,
      cause,
    })
    const shown = redact({ error })
    expect(JSON.stringify(shown)).not.toContain("hunter2")
    expect(shown).toMatchObject({
      error: {
        type: "Slash64Error",
        code: "UNAUTHENTICATED",
        field: "config.password",
        value: "(not shown)",
        native: { command: "login" },
        cause: { message: "password=(not shown) was refused", stack: expect.stringContaining("redact.test.ts") },
      },
    })
  })

  it("ends where a value holds itself", () => {
    const loop: Record<string, unknown> = { token: "hunter2" }
    loop["self"] = loop
    expect(JSON.stringify(redact(loop))).not.toContain("hunter2")
  })
})
