/** Opens a store as a user who is not root: `FILE SECRET`. Says the error, or `opened`. */
import { isSlash64Error, openSecretFile, openSqliteStore } from "@slash64/core"

const nobody = 65_534
const [file = "", secretFile = ""] = process.argv.slice(2)
// What is imported is read as root: the checkout may be in a directory that only root enters.
process.setgroups?.([])
process.setgid?.(nobody)
process.setuid?.(nobody)
try {
  await (await openSqliteStore({ file, secret: openSecretFile(secretFile) })).close()
  console.log("opened")
} catch (error) {
  if (!isSlash64Error(error)) throw error
  console.log(JSON.stringify({ code: error.code, field: error.field, value: error.value, hint: error.hint }))
}
