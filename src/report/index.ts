/** What runs recorded, as figures and pages. Other rooms import only what stands here. */
export * as Report from "./Report.ts"

// For the rooms above alone.
export * as Export from "./exports/Export.ts"
export * as formats from "./exports/formats.ts"
export * as RunRecord from "./RunRecord.ts"
