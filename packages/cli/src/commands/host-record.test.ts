import { resolve } from "node:path"
import { describe, expect, it } from "vitest"
import { hostRecord } from "./host-record.ts"

const pin = `sha256:${"0".repeat(64)}`

describe("hostRecord", () => {
  it("makes a pool's configuration of its options, with files that mean the same from anywhere", () => {
    const record = hostRecord("pool1", {
      xenserver: ["https://xcp1", "https://xcp2"],
      password: "file:password",
      certificate: [pin],
      hostKey: ["SHA256:one", "SHA256:two"],
      identity: "env:KEY",
      sshPort: "2222",
      controlRange: "169.254.64.0/20",
      storage: "Local storage",
    })
    expect(record).toEqual({
      name: "pool1",
      plugin: "xenserver",
      config: {
        url: ["https://xcp1", "https://xcp2"],
        user: "root",
        password: `file:${resolve("password")}`,
        certificates: [pin],
        storage: "Local storage",
        control: { range: "169.254.64.0/20" },
        ssh: { hostKeys: ["SHA256:one", "SHA256:two"], privateKey: "env:KEY", port: 2222 },
      },
    })
  })

  it("leaves out what was not given", () => {
    expect(hostRecord("lab", { kvm: "qemu:///system" }).config).toEqual({ uri: "qemu:///system" })
    const { config } = hostRecord("lab", { xenserver: ["https://xcp1"], password: "env:P", ca: "file:/ca.pem" })
    expect(config).toEqual({ url: "https://xcp1", user: "root", password: "env:P", ca: "file:/ca.pem" })
  })

  it.each([
    [{ kvm: "qemu:///system", xenserver: ["https://xcp1"] }, "--xenserver"],
    [{ xenserver: ["https://xcp1"], emulation: "tcg" }, "--emulation"],
    [{ kvm: "qemu:///system", controlNetwork: "xenbr0" }, "--control-network"],
    [{ plugin: "memory", certificate: [pin] }, "--certificate"],
    [{ kvm: "qemu:///system", hostKey: ["one", "two"] }, "--host-key"],
    [{ xenserver: ["https://xcp1"], password: "hunter2" }, "config.password"],
    [{ xenserver: ["https://xcp1"], hostKey: ["SHA256:one"], identity: "PRIVATE" }, "config.ssh.privateKey"],
  ])("refuses %j by the field %s", (options, field) => {
    expect(() => hostRecord("x", options)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT", field }))
  })
})
