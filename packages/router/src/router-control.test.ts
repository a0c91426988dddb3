import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { isSlash64Error, type Call, type RouterControl, type RouterState } from "@slash64/core"
import ssh2 from "ssh2"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { openKeyStore, type KeyStore } from "./keys/key-store.ts"
import { FakeRouter } from "./push/fake-router.fixture.ts"
import { startFakeSshd, type FakeSshd } from "./push/fake-sshd.fixture.ts"
import { external, reservation } from "./render/router-states.fixture.ts"
import { createRouterControl } from "./router-control.ts"
import { newPrivateKey } from "./keys/new-private-key.ts"

let directory = ""
let keys: KeyStore
let router: FakeRouter
let sshd: FakeSshd
let control: RouterControl
const timeouts = { connectMs: 20_000, commandMs: 20_000, applyMs: 20_000, keepaliveMs: 1000, idleMs: 60_000 }

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "slash64-control-"))
  keys = openKeyStore({ directory })
  router = new FakeRouter()
  sshd = await startFakeSshd(router, await keys.hostKey("router-1"), (await keys.managementKey()).publicKey)
  control = createRouterControl({ keys, timeouts })
})

afterEach(async () => {
  await control.close()
  await sshd.close()
  rmSync(directory, { recursive: true, force: true })
})

describe("push", () => {
  it("sends everything to a new router, and nothing the second time", async () => {
    const first = await control.push(sshd.endpoint(), stateWith(1, 2), call())
    expect(first).toMatchObject({ revision: 1, generation: 1, changedFiles: 5 })
    const second = await control.push(sshd.endpoint(), stateWith(1, 2), call())
    expect(second).toEqual({ revision: 1, generation: 1, changedFiles: 0, sentBytes: 139 })
    expect(router.reservations).toEqual([
      "02:00:00:00:00:01,[2001:db8:1::1],vm-0001",
      "02:00:00:00:00:02,[2001:db8:1::2],vm-0002",
    ])
  })

  it("holds one connection, and asks a router that it knows nothing but the apply", async () => {
    for (const count of [1, 2, 3]) await control.push(sshd.endpoint(), stateWith(count, count), call())
    expect(sshd.opened()).toBe(1)
    expect(router.commands.map((command) => command.split(" ")[0])).toEqual(["manifest", "apply", "change", "change"])
  })

  it("sends at most 4 KiB for one reservation among a thousand, and removes one as cheaply", async () => {
    await control.push(sshd.endpoint(), stateWith(1, 1000), call())
    const added = await control.push(sshd.endpoint(), stateWith(2, 1001), call())
    expect(added.changedFiles).toBe(1)
    expect(added.sentBytes).toBeLessThanOrEqual(4096)
    const removed = await control.push(sshd.endpoint(), stateWith(3, 1000), call())
    expect(removed.sentBytes).toBeLessThanOrEqual(4096)
    expect(router.reservations).toHaveLength(1000)
  })

  it("starts from the router's own manifest when the driver is new", async () => {
    await control.push(sshd.endpoint(), stateWith(1, 10), call())
    const other = createRouterControl({ keys, timeouts })
    expect(await other.push(sshd.endpoint(), stateWith(2, 11), call())).toMatchObject({ changedFiles: 1 })
    await other.close()
  })

  it("starts again from what the router has when another pusher was faster", async () => {
    await control.push(sshd.endpoint(), stateWith(1, 1), call())
    const other = createRouterControl({ keys, timeouts })
    await other.push(sshd.endpoint(), stateWith(2, 2), call())
    expect(await control.push(sshd.endpoint(), stateWith(3, 3), call())).toMatchObject({ changedFiles: 1 })
    expect(router.reservations).toHaveLength(3)
    await other.close()
  })

  it("sends a full set in the end, however often others are faster", async () => {
    await control.push(sshd.endpoint(), stateWith(1, 1), call())
    router.faults.beforeApply = () => {
      router.manifest += `${"0".repeat(64)}  zone.${router.commands.length}\n`
    }
    expect(await control.push(sshd.endpoint(), stateWith(2, 2), call())).toMatchObject({ revision: 2 })
    expect(router.reservations).toHaveLength(2)
  })

  it("is ABORTED when the router holds a newer revision, and changes nothing", async () => {
    await control.push(sshd.endpoint(), stateWith(5, 3), call())
    expect(await errorOf(control.push(sshd.endpoint(), stateWith(4, 1), call()))).toMatchObject({
      code: "ABORTED",
      retryable: true,
      native: { code: "STALE", detail: 5 },
    })
    expect(router.reservations).toHaveLength(3)
  })

  it("is ABORTED while others hold the router's lock, so the caller reads again and repeats", async () => {
    router.faults.busy = true
    expect(await errorOf(control.push(sshd.endpoint(), stateWith(1, 1), call()))).toMatchObject({
      code: "ABORTED",
      retryable: true,
      native: { code: "BUSY" },
    })
  })

  it.each([
    ["RESOURCE_EXHAUSTED", "cp: write error: No space left on device"],
    ["INTERNAL", "cp: I/O error"],
  ])("is %s when the router says: %s", async (code, words) => {
    router.faults.fail = words
    const error = await errorOf(control.push(sshd.endpoint(), stateWith(1, 1), call()))
    expect(error).toMatchObject({ code, retryable: false, native: { code: "FAILED", detail: words } })
    expect(error.hint).toBeDefined()
  })

  it("is FAILED_PRECONDITION with dnsmasq's words when the files were refused, and the old ones stay", async () => {
    await control.push(sshd.endpoint(), stateWith(1, 1), call())
    router.faults.refuse = "dnsmasq: bad option at line 7"
    expect(await errorOf(control.push(sshd.endpoint(), stateWith(2, 2), call()))).toMatchObject({
      code: "FAILED_PRECONDITION",
      native: { code: "REFUSED", detail: "dnsmasq: bad option at line 7" },
    })
    expect(router.reservations).toHaveLength(1)
    delete router.faults.refuse
    await control.push(sshd.endpoint(), stateWith(2, 2), call())
    expect(router.reservations).toHaveLength(2)
  })

  it("heals a file that somebody changed on the router", async () => {
    await control.push(sshd.endpoint(), stateWith(1, 2), call())
    router.files.set("reservations", "somebody else's\n")
    expect((await control.status(sshd.endpoint(), call())).drifted).toEqual(["reservations"])
    await control.push(sshd.endpoint(), stateWith(1, 2), call())
    expect((await control.status(sshd.endpoint(), call())).drifted).toEqual([])
    expect(router.reservations).toContain("02:00:00:00:00:01,[2001:db8:1::1],vm-0001")
  })

  it("loses no update of 20 pushers at once", async () => {
    const store = { revision: 0, count: 0 }
    const controls = Array.from({ length: 20 }, () => createRouterControl({ keys, timeouts }))
    await Promise.all(
      controls.map(async (one) => {
        store.revision += 1
        store.count += 1
        await converge(one, () => stateWith(store.revision, store.count))
      }),
    )
    expect(router.reservations).toHaveLength(20)
    expect(router.revision).toBe(20)
    await Promise.all(controls.map((one) => one.close()))
  })

  it("loses no update when revisions arrive in any order", async () => {
    const revisions = [3, 1, 5, 2, 4, 20, 11, 7, 19, 6]
    const pushers = revisions.map((revision) => ({ revision, one: createRouterControl({ keys, timeouts }) }))
    const outcomes = await Promise.allSettled(
      pushers.map(({ revision, one }) => one.push(sshd.endpoint(), stateWith(revision, revision), call())),
    )
    expect(router.revision).toBe(20)
    expect(router.reservations).toHaveLength(20)
    const codes = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [codeOf(outcome.reason)] : []))
    expect(codes.filter((code) => code !== "ABORTED")).toEqual([])
    await Promise.all(pushers.map(({ one }) => one.close()))
  })
})

describe("the connection", () => {
  it("is refused for another host key, naming both fingerprints", async () => {
    const { publicKey } = await keys.hostKey("router-2")
    const error = await errorOf(control.push(sshd.endpoint(publicKey), stateWith(1, 1), call()))
    expect(error).toMatchObject({ code: "PERMISSION_DENIED", field: "hostKey" })
    expect(error.message).toMatch(/is SHA256:\S{43}, and SHA256:\S{43} was expected/)
    expect(error.hint).toContain("remove the router and start it again")
    expect(router.commands).toEqual([])
  })

  it("is UNAUTHENTICATED where the router knows another management key", async () => {
    const strange = { ...keys, managementKey: async () => freshKey() }
    const other = createRouterControl({ keys: strange, timeouts })
    expect(await errorOf(other.status(sshd.endpoint(), call()))).toMatchObject({ code: "UNAUTHENTICATED" })
    await other.close()
  })

  it("outlives the time in which it had to be opened", async () => {
    const hasty = createRouterControl({ keys, timeouts: { ...timeouts, connectMs: 500 } })
    await hasty.status(sshd.endpoint(), call())
    await sleep(600)
    await hasty.status(sshd.endpoint(), call())
    expect(sshd.opened()).toBe(1)
    await hasty.close()
  })

  it("is opened again after a power cycle, within the same call", async () => {
    await control.push(sshd.endpoint(), stateWith(1, 1), call())
    sshd.cut()
    await control.push(sshd.endpoint(), stateWith(2, 2), call())
    expect(sshd.opened()).toBe(2)
    expect(router.reservations).toHaveLength(2)
  })

  it.each([
    ["a change", 3, 2],
    ["an apply", 500, 2],
  ])("that is lost after %s was taken, and before its answer, has it answered again", async (_, count, generation) => {
    await control.push(sshd.endpoint(), stateWith(1, 1), call())
    router.faults.beforeAnswer = () => {
      delete router.faults.beforeAnswer
      sshd.cut()
    }
    expect(await control.push(sshd.endpoint(), stateWith(2, count), call())).toMatchObject({ revision: 2, generation })
    expect(router.reservations).toHaveLength(count)
    expect(sshd.opened()).toBe(2)
  })

  it("that is cut in the middle of an apply is opened again, and the apply taken once", async () => {
    await control.status(sshd.endpoint(), call())
    sshd.cut()
    sshd.cutAfter(10_000)
    expect(await control.push(sshd.endpoint(), stateWith(1, 5000), call())).toMatchObject({ generation: 1 })
    expect(router.reservations).toHaveLength(5000)
    expect(sshd.opened()).toBe(3)
  })

  it("that is lost with the router leaves the outcome unknown, and the same push completes", async () => {
    await control.push(sshd.endpoint(), stateWith(1, 1), call())
    const endpoint = sshd.endpoint()
    const refused = { ...endpoint, open: () => endpoint.open(call(AbortSignal.abort())) }
    router.faults.beforeAnswer = () => sshd.cut()
    const error = await errorOf(control.push(refused, stateWith(2, 2), call()))
    expect(error).toMatchObject({ code: "UNAVAILABLE", outcome: "unknown", retryable: true })
    delete router.faults.beforeAnswer
    await control.push(sshd.endpoint(), stateWith(2, 2), call())
    expect(router).toMatchObject({ revision: 2, generation: 2 })
  })

  it("is closed when nobody has used it for a while, and opened again", async () => {
    const thrifty = createRouterControl({ keys, timeouts: { ...timeouts, idleMs: 50 } })
    await thrifty.status(sshd.endpoint(), call())
    await expect.poll(() => sshd.open()).toBe(0)
    await thrifty.status(sshd.endpoint(), call())
    expect(sshd.opened()).toBe(2)
    await thrifty.close()
  })

  it("answers one after the other what is asked at once", async () => {
    await Promise.all([control.status(sshd.endpoint(), call()), control.push(sshd.endpoint(), stateWith(1, 1), call())])
    await Promise.all([2, 3, 4].map((revision) => control.push(sshd.endpoint(), stateWith(revision, revision), call())))
    expect(router.reservations).toHaveLength(4)
    expect(sshd.opened()).toBe(1)
  })

  it.each([1, 3])("is FAILED_PRECONDITION with a router that speaks protocol %d", async (protocol) => {
    router.protocol = protocol
    const error = await errorOf(control.push(sshd.endpoint(), stateWith(1, 1), call()))
    expect(error).toMatchObject({ code: "FAILED_PRECONDITION", retryable: false })
    expect(error.hint).toContain("remove the router and start it again")
    expect(router.commands).toEqual([])
  })

  it("is UNAVAILABLE where nobody listens", async () => {
    await sshd.close()
    expect(await errorOf(control.status(sshd.endpoint(), call()))).toMatchObject({
      code: "UNAVAILABLE",
      native: { code: "ECONNREFUSED" },
    })
  })

  it("that answers nothing is DEADLINE_EXCEEDED, and the next call has a new one", async () => {
    router.faults.hang = true
    const hasty = createRouterControl({ keys, timeouts: { ...timeouts, commandMs: 1000 } })
    expect(await errorOf(hasty.status(sshd.endpoint(), call()))).toMatchObject({ code: "DEADLINE_EXCEEDED" })
    router.faults.hang = false
    expect(await hasty.status(sshd.endpoint(), call())).toMatchObject({ routerId: "router-1", bootMs: 4000 })
    expect(sshd.opened()).toBe(2)
    await hasty.close()
  })

  it("lets go at once when the caller cancels", async () => {
    router.faults.hang = true
    const cancel = new AbortController()
    const status = errorOf(control.status(sshd.endpoint(), call(cancel.signal)))
    await expect.poll(() => sshd.opened()).toBe(1)
    cancel.abort()
    expect(await status).toMatchObject({ code: "CANCELLED" })
  })
})

describe("status and releaseLeases", () => {
  it("reads what the router says of itself, and ends the leases of one MAC", async () => {
    const lease = { address: "2001:db8:1::1", client: "00:03:00:01:02:00:00:00:00:01", expiresAt: 1_800_000_000 }
    router.leases = [{ ...lease, mac: "02:00:00:00:00:01" }]
    expect((await control.status(sshd.endpoint(), call())).leases).toEqual([lease])
    const { mac } = reservation(1)
    await control.releaseLeases(sshd.endpoint(), mac, call())
    await control.releaseLeases(sshd.endpoint(), mac, call())
    expect((await control.status(sshd.endpoint(), call())).leases).toEqual([])
  })
})

describe("readLeases and restoreLeases", () => {
  it("carry the leases of a router to the one that takes its place", async () => {
    const lease = { address: "2001:db8:1::1", client: "00:03:00:01:02:00:00:00:00:01", expiresAt: 1_800_000_000 }
    expect(await control.readLeases(sshd.endpoint(), call())).toBe("")
    router.leases = [{ ...lease, mac: "02:00:00:00:00:01" }]
    const leases = await control.readLeases(sshd.endpoint(), call())
    router.leases = []
    await control.restoreLeases(sshd.endpoint(), leases, call())
    expect((await control.status(sshd.endpoint(), call())).leases).toEqual([lease])
  })
})

describe("identity and seed", () => {
  it("gives a router the same host key each time, and puts its private half in the seed alone", async () => {
    const identity = await control.identity("router-1")
    expect(await createRouterControl({ keys }).identity("router-1")).toEqual(identity)
    const { mac: guestMac } = reservation(1)
    const { serverDuid } = external
    const seed = await control.seed({ routerId: "router-1", guestMac, controlMac: external.controlMac, serverDuid })
    const { privateKey } = await keys.hostKey("router-1")
    expect(Buffer.from(seed).toString()).toContain(privateKey)
    expect(Buffer.from(seed).toString()).not.toContain((await keys.managementKey()).privateKey)
  })
})

/** What the converge road does: render what the store says now, push, and again when it was not the newest. */
async function converge(one: RouterControl, read: () => RouterState): Promise<void> {
  for (;;) {
    const error = await one.push(sshd.endpoint(), read(), call()).then(() => undefined, asSlash64)
    if (error === undefined) return
    if (error.code !== "ABORTED") throw error
  }
}

function stateWith(revision: number, count: number): RouterState {
  const reservations = Array.from({ length: count }, (_, index) => reservation(index + 1))
  return { ...external, revision, reservations }
}

function call(signal: AbortSignal = new AbortController().signal): Call {
  return { requestId: "test", signal, report: () => undefined }
}

function freshKey() {
  const privateKey = newPrivateKey()
  const parsed = ssh2.utils.parseKey(privateKey)
  if (parsed instanceof Error) throw parsed
  return { privateKey, publicKey: `ssh-ed25519 ${parsed.getPublicSSH().toString("base64")}` }
}

async function errorOf(promise: Promise<unknown>) {
  return promise.then(() => expect.fail("it succeeded"), asSlash64)
}

function asSlash64(error: unknown) {
  if (isSlash64Error(error)) return error
  throw error
}

function codeOf(error: unknown): string {
  return asSlash64(error).code
}
