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

/** Variables by which users choose among the instructions that TensorFlow computes with. */
const variables = ["ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA", "TF_ENABLE_ONEDNN_OPTS"]

const ofSystem = () => {
  const named = cpus()[0]?.model.trim() ?? process.arch
  try {
    return widest(readFileSync("/proc/cpuinfo", "utf8")) ?? named
  } catch {
    return named
  }
}

/** The widest vector instructions of this processor, or its name, if the system does not tell; and what bounds them. */
export const processor = (environment: Readonly<Record<string, string | undefined>> = process.env): string =>
  [ofSystem()].concat(
    variables.flatMap((name) => environment[name] === undefined ? [] : `${name}=${environment[name]}`)
  ).join(" ")
