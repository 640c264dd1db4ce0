export * from "../geometry/combinators/index.ts"
export * from "./matricized.ts"
