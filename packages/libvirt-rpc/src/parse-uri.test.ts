import { describe, expect, it, vi } from "vitest"
import { parseUri } from "./parse-uri.ts"

describe("parseUri", () => {
  vi.stubEnv("XDG_RUNTIME_DIR", "/run/user/1000")
  const system = ["/run/libvirt/libvirt-sock", "/run/libvirt/virtqemud-sock"]

  it.each([
    ["qemu:///system", "qemu:///system", { kind: "unix", sockets: system }],
    ["qemu+unix:///system", "qemu:///system", { kind: "unix", sockets: system }],
    ["qemu:///system?socket=/tmp/a%20b", "qemu:///system", { kind: "unix", sockets: ["/tmp/a b"] }],
    ["test:///default", "test:///default", { kind: "unix", sockets: [system[0], "/run/libvirt/virttestd-sock"] }],
    [
      "qemu:///session",
      "qemu:///session",
      { kind: "unix", sockets: ["/run/user/1000/libvirt/libvirt-sock", "/run/user/1000/libvirt/virtqemud-sock"] },
    ],
    [
      "qemu+ssh://root@kvm1.example/system",
      "qemu:///system",
      { kind: "ssh", host: "kvm1.example", port: 22, username: "root", sockets: system },
    ],
    [
      "qemu+ssh://a%40b@[2001:db8::1]:2222/system?socket=/s",
      "qemu:///system",
      { kind: "ssh", host: "2001:db8::1", port: 2222, username: "a@b", sockets: ["/s"] },
    ],
  ])("%s", (uri, name, transport) => {
    expect(parseUri(uri)).toEqual({ name, transport })
  })

  it.each([
    ["", "is no URI"],
    ["system", "is no URI"],
    ["qemu://host/system", "wants a transport other than unix (without a host) and ssh"],
    ["qemu+tls://host/system", "wants a transport other than"],
    ["qemu+tcp://host/system", "wants a transport other than"],
    ["qemu+unix://host/system", "wants a transport other than"],
    ["qemu+ssh:///system", "names no host"],
    ["qemu+ssh://host/system", "names no user"],
    ["qemu+ssh://root:secret@host/system", "holds a password"],
    ["qemu:///system?no_verify=1", "has the parameter no_verify; only socket is known here"],
    ["qemu:///system?socket=libvirt-sock", "has a socket that is no absolute path"],
    ["qemu+ssh://root@host/system?netcat=nc", "has the parameter netcat"],
  ])("%s is refused", (uri, problem) => {
    expect(() => parseUri(uri)).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT", message: expect.stringContaining(problem) }),
    )
  })

  it("does not repeat a password in its message", () => {
    expect(() => parseUri("qemu+ssh://root:hunter2@host/system")).toThrow(/^((?!hunter2).)*$/)
  })
})
