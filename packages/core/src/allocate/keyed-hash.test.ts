import { createHmac, createSecretKey } from "node:crypto"
import * as fc from "fast-check"
import { expect, it } from "vitest"
import { keyedHash } from "./keyed-hash.ts"

it("is the HMAC-SHA-256 of RFC 4231, test case 2", () => {
  const hash = keyedHash(createSecretKey(Buffer.from("Jefe")), "what do ya want for nothing?")
  expect(hash.toString("hex")).toBe("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
})

it("is what createHmac gives for any key and text, one after the other", () => {
  const texts = fc.array(fc.string({ unit: "grapheme" }), { minLength: 1, maxLength: 4 })
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 130 }), texts, (bytes, messages) => {
      const key = createSecretKey(bytes)
      for (const message of messages)
        expect(keyedHash(key, message)).toEqual(createHmac("sha256", key).update(message).digest())
    }),
  )
})
