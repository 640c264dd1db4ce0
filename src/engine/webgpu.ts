import type { Start } from "./Engine.ts"
import { installed, type Packages } from "./webgpu/packages.ts"
import { start } from "./webgpu/start.ts"

/** WebGPU through Dawn. A software adapter is taken only where it is allowed. */
export const webgpu = (options: { readonly software: boolean }, packages: Packages = installed): Start =>
  start(options, packages)
