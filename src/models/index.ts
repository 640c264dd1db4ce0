export * from "./smallCnn.ts"
