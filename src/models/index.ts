export * from "./byName.ts"
export * from "./cifarResNet.ts"
export * from "./PadChannels.ts"
export * from "./smallCnn.ts"
