import { join } from "node:path"
import { run, withTinyRun } from "./tinyRun.ts"

/**
 * Trains a run of seconds, exports it for TensorBoard, and has TensorBoard's own reader compare it with what was
 * logged. The Python to run is the first argument.
 */
const [python = "python3"] = process.argv.slice(2)

withTinyRun(["tensorboard"], (_, output) => {
  const reader = join(import.meta.dirname, "check-tensorboard.py")
  run(python, [reader, join(output, "export", "tensorboard"), join(output, "events.jsonl")])
})
