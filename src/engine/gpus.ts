import { readdirSync } from "node:fs"

/** What the driver of NVIDIA's GPUs tells of them on Linux, one entry each. */
const driver = "/proc/driver/nvidia/gpus"

const entries = (): ReadonlyArray<string> => {
  try {
    return readdirSync(driver)
  } catch {
    return []
  }
}

/**
 * The GPUs that CUDA may use: those that CUDA_VISIBLE_DEVICES names, or all that the driver knows, by number; none
 * where it does not tell, as on Windows.
 */
export const visibleGpus = (
  env: Readonly<Record<string, string | undefined>> = process.env,
  known: () => ReadonlyArray<string> = entries
): ReadonlyArray<string> => {
  const named = env["CUDA_VISIBLE_DEVICES"]
  if (named === undefined) return known().map((_, i) => String(i))
  const all = named.split(",").map((name) => name.trim())
  // CUDA stops at the first name that is none.
  const end = all.findIndex((name) => name === "" || name.startsWith("-"))
  return end < 0 ? all : all.slice(0, end)
}
