export const name = "lab"
