export const name = "conformance"
