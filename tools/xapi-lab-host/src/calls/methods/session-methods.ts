import { text } from "../../model/types.ts"
import { method } from "../method.ts"

export const sessionMethods = [
  method("session.login_with_password", {
    params: { user: text, password: text, version: text, originator: text },
    defaults: { version: "1.0", originator: "" },
    open: true,
    result: text,
    run: ({ user, password, originator }, { sessions }) => sessions.logIn(user, password, originator),
  }),
  /** The one login that a member of a pool takes too. */
  method("session.slave_local_login_with_password", {
    params: { user: text, password: text },
    open: true,
    result: text,
    run: ({ user, password }, { sessions }) => sessions.logIn(user, password, ""),
  }),
  method("session.logout", {
    params: {},
    run: (_, { sessions }, { session }) => sessions.logOut(session),
  }),
  method("session.local_logout", {
    params: {},
    run: (_, { sessions }, { session }) => sessions.logOut(session),
  }),
]
