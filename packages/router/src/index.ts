export const name = "router"
