/** What of a processor decides about the last bits of libraries that compute with all that it has. */
import { readFileSync } from "node:fs"
import { cpus } from "node:os"

/** Vector instructions as Linux names them, the widest first. */
const vectors = ["avx512f", "avx2", "avx", "sse4_1", "sve", "asimd"]

/** The widest vector instructions of a processor, as Linux describes it. */
export const widest = (description: string): string | undefined => {
  const flags = new Set(/^(?:flags|Features)\s*:(.*)$/m.exec(description)?.[1]?.trim().split(/\s+/))
  return vectors.find((name) => flags.has(name))
}

/** The widest vector instructions of this processor, or its name, where the system does not tell. */
export const processor = (): string => {
  const named = cpus()[0]?.model.trim() ?? process.arch
  try {
    return widest(readFileSync("/proc/cpuinfo", "utf8")) ?? named
  } catch {
    return named
  }
}
