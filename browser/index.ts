/**
 * The face in browsers: what needs no Node.js, and the engines that browsers have.
 *
 * @module finegrain/browser
 */
export * from "../src/core/index.ts"
export * as Backend from "./Backend.ts"
