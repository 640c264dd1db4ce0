/** The face in browsers: what needs no Node.js, and the engines that browsers have. */
export * from "../src/core/index.ts"
export * as Backend from "./Backend.ts"
