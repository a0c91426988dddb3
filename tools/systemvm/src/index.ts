export const name = "systemvm"
