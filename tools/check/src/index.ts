export const name = "check"
