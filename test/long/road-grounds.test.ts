import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { expectLabAnswer } from "../integration/lab-answer.ts"
import { TestLab } from "../integration/lab-command.ts"

const minutes = 60_000

describe("the road", () => {
  let lab: TestLab
  beforeEach(() => {
    lab = new TestLab()
  })
  afterEach(() => lab.remove(), 2 * minutes)

  it(
    "leads to an Open vSwitch in user space with a tag",
    async () => {
      const answer = expectLabAnswer(await lab.up("--network", "openvswitch"))
      expect(lab.virsh("dumpxml", "--domain", lab.guest())).toMatch(/<tag id='64'\/>/)
      expect(answer.guest.addresses).toContain(answer.nic.address)
    },
    8 * minutes,
  )

  it(
    "leads over qemu+ssh to this machine",
    async () => {
      expectLabAnswer(await lab.up("--via", "ssh"))
      const run = await lab.up()
      expect(run.exitCode).toBe(1)
      expect(run.stderr).toMatch(/a lab with via ssh is up/)
    },
    8 * minutes,
  )
})
