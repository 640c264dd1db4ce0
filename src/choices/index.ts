/** What can be chosen: settings and catalogues. Other rooms import only what stands here. */
export * as Catalogue from "./Catalogue.ts"
export * as Setting from "./Setting.ts"

// For the rooms above alone: words of messages.
export * as counted from "./counted.ts"
export * as orDash from "./orDash.ts"
