import { createRequire } from "node:module"

const resolves = (name: string): boolean => {
  try {
    createRequire(import.meta.url).resolve(name)
    return true
  } catch {
    return false
  }
}

/** Whether this machine has one of the optional native engines: what happens without them cannot be tested then. */
export const hasNativePackages = ["@tensorflow/tfjs-node", "@tensorflow/tfjs-node-gpu"].some(resolves)
