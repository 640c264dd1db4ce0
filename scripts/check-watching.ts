import { readFileSync } from "node:fs"
import { resolve } from "node:path"
import { run, withTinyRun } from "./tinyRun.ts"

/** Whether Weights & Biases and MLflow take a run by the lines of docs/watching.md, without a network: python. */
const [python = "python3"] = process.argv.slice(2)
const guide = readFileSync(resolve(import.meta.dirname, "../docs/watching.md"), "utf8")
const blocks = [...guide.matchAll(/^```python\n([\s\S]*?)^```/gm)].map(([, lines]) => lines!)

const readBack = `
import json, mlflow

told = [e for e in map(json.loads, open("runs/a/events.jsonl")) if e["_tag"] == "EpochDone"]
[found] = mlflow.search_runs(experiment_ids=["0"]).run_id
kept = mlflow.MlflowClient().get_metric_history(found, "test accuracy")
assert [(m.step, m.value) for m in kept] == [(e["step"], e["testAccuracy"]) for e in told], kept
`

withTinyRun(["ndjson", "csv"], (cwd) => {
  const env = {
    ...process.env,
    WANDB_MODE: "offline",
    MLFLOW_ALLOW_FILE_STORE: "true",
    MLFLOW_TRACKING_URI: "file:./mlruns"
  }
  const said = [...blocks, readBack].map((program) => run(python, ["-c", program], { cwd, env })).join("")
  if (blocks.length !== 2 || /will be ignored|steps? must be/i.test(said)) throw new Error("something was dropped")
  process.stdout.write("Weights & Biases and MLflow have the run\n")
})
