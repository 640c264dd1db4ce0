import * as tf from "@tensorflow/tfjs-core"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import {
  Backend,
  Checkpoint,
  Experiment,
  Models,
  Network,
  Schedule,
  StepSize,
  TrainConfig,
  Trainer,
  Versions
} from "finegrain"
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { join } from "node:path"
import * as RunFiles from "../../src/training/RunFiles.ts"
import { finegrain } from "../commandLine.ts"
import { type Row, told } from "./Row.ts"
import { completedIn, experiment, flags, killedIn } from "./runs.ts"

const everything = "everything" as const

const write = (directory: string, name: string, content: unknown) =>
  writeFileSync(join(directory, name), typeof content === "string" ? content : JSON.stringify(content))

const json = (directory: string, name: string) =>
  JSON.parse(readFileSync(join(directory, name), "utf8")) as Record<string, unknown>

const resume = (directory: string, others: Readonly<Record<string, string>> = {}) =>
  told("train", ...flags(others), "--output", directory, "--resume")

/** An experiment file beside a directory for it. */
const run = (directory: string, ...more: ReadonlyArray<string>) => {
  const file = join(directory, "..", "tiny.mjs")
  writeFileSync(file, `export default ${JSON.stringify(experiment)}\n`)
  return told("run", file, "--output", directory, ...more)
}

const foreign: ReadonlyArray<readonly [string, (directory: string) => void]> = [
  ["somebody else's page and table", (directory) => {
    write(directory, "report.html", "mine")
    write(directory, "table.md", "mine")
  }],
  ["somebody else's download", (directory) => write(directory, "film.mkv.part", "mine")],
  ["a web app", (directory) => {
    write(directory, "manifest.json", { name: "app", icons: [] })
    write(directory, "events.jsonl", "theirs\n")
    write(directory, "summary.json.7.part", "theirs")
  }],
  ["a log of events only", (directory) => write(directory, "events.jsonl", "theirs\n")],
  ["a link as log", (directory) => {
    write(directory, "precious", "")
    symlinkSync(join(directory, "precious"), join(directory, "events.jsonl"))
  }]
]

const directories: ReadonlyArray<Row> = foreign.flatMap(([given, prepare]): ReadonlyArray<Row> => [
  {
    area: "train into a directory",
    given,
    prepare,
    says: given === "a web app" ? /already holds a run/ : /not empty.*--output/,
    run: (directory) => told("train", ...flags(), "--output", directory),
    untouched: everything
  },
  {
    area: "run into a directory",
    given,
    prepare,
    says: given === "a web app" ? /holds a training run/ : /not empty, and what it holds is no experiment.*--output/,
    run,
    untouched: everything
  },
  {
    area: "report of a directory",
    given,
    prepare,
    says: /no experiment, no run|it is no manifest of finegrain/,
    run: (directory) => told("report", directory),
    untouched: everything
  }
])

/** Where a run cannot be written, whoever asks for it. */
const unwritable: ReadonlyArray<Row> = [["in the place of", "mine"], ["on the way to", "mine/deeper"]].map((
  [words, output]
): Row => ({
  area: "train into a directory",
  given: `a file ${words!} it`,
  prepare: (directory) => write(directory, "mine", "mine"),
  says: `DIR/${output}: there is a file in the place of a directory. Choose a directory that you may write to with ` +
    "--output, and leave it in its place while a run is at work.",
  run: (directory) => told("train", ...flags(), "--output", join(directory, output!)),
  untouched: "everything"
}))

const resumed: ReadonlyArray<Row> = [
  ["another number of epochs", { "--epochs": "3" }, /config\.epochs is 2 there, but 3 here/],
  ["another seed", { "--seed": "4" }, /config\.seed is 3 there, but 4 here/],
  ["another batch", { "--batch-size": "16" }, /config\.batchSize is 32 there/],
  ["another collection", { "--collection": "St" }, /config\.collection is "Sp" there/],
  ["another learning rate", { "--learning-rate": "0.5" }, /config\.learningRate/],
  ["another schedule", { "--schedule": "constant" }, /config\.schedule/],
  ["another model", { "--model": "mlp" }, /config\.model/]
].flatMap(([given, others, says]): ReadonlyArray<Row> =>
  [["a killed run", killedIn], ["a completed run", completedIn]].map(([which, prepare]) => ({
    area: "resume",
    given: `${which as string} with ${given as string}`,
    prepare: prepare as (directory: string) => Promise<void>,
    says: says as RegExp,
    run: (directory) => resume(directory, others as Readonly<Record<string, string>>),
    untouched: everything
  }))
)

/** A manifest that says something else of where it ran. */
const elsewhere = (given: string, change: (manifest: RunFiles.Manifest) => object, says: RegExp): Row => ({
  area: "resume",
  given: `a run of ${given}`,
  prepare: async (directory) => {
    await killedIn(directory)
    const manifest = json(directory, "manifest.json") as unknown as RunFiles.Manifest
    write(directory, "manifest.json", { ...manifest, ...change(manifest) })
  },
  says,
  run: (directory) => resume(directory),
  untouched: everything
})

const bits: ReadonlyArray<Row> = [
  elsewhere(
    "the other SIMD",
    ({ backend }) => ({
      backend: {
        ...backend!,
        device: backend!.device!.includes("relaxed")
          ? backend!.device!.replace("relaxed ", "")
          : backend!.device!.replace("SIMD", "relaxed SIMD")
      }
    }),
    /backend\.device is .*SIMD there, but .*SIMD here/
  ),
  elsewhere(
    "a processor that rounds otherwise",
    ({ backend }) => ({ backend: { ...backend!, arithmetic: "relaxed, otherwise" } }),
    /backend\.arithmetic is relaxed, otherwise there.*FINEGRAIN_SIMD=plain/
  ),
  elsewhere(
    "another version",
    ({ versions }) => ({ versions: { ...versions, finegrain: "0.0.1" } }),
    new RegExp(`versions\\.finegrain is 0\\.0\\.1 there, but ${Versions.finegrain().replaceAll(".", "\\.")} here`)
  ),
  elsewhere(
    "another TensorFlow.js",
    ({ versions }) => ({ versions: { ...versions, tensorflow: "3.0.0" } }),
    /versions\.tensorflow is 3\.0\.0 there/
  ),
  elsewhere(
    "another Node",
    ({ versions }) => ({ versions: { ...versions, node: "22.1.0" } }),
    /versions\.node is 22 there/
  ),
  elsewhere("other data", ({ dataset }) => ({ dataset: { ...dataset, sha256: "0" } }), /dataset\.sha256 is "0" there/)
]

/** A file of a run that holds something else. */
const damaged = (name: string, content: unknown, says: RegExp, prepare = killedIn): Row => ({
  area: "resume",
  given: `${name} that holds ${JSON.stringify(content)}`,
  prepare: async (directory) => {
    await prepare(directory)
    write(directory, name, content)
  },
  says,
  run: (directory) => resume(directory),
  untouched: everything
})

const files: ReadonlyArray<Row> = [
  ...[null, 5, [], {}, "{", "", { config: 1 }, { config: {}, seed: 1, dataset: 7 }].map((content) =>
    damaged("manifest.json", content, /^DIR\/manifest\.json: (it is no manifest of finegrain|not (a )?JSON)/)
  ),
  ...[null, 5, [], { status: "done" }, { status: "completed", testLoss: [] }, "{"].map((content) =>
    damaged(
      "summary.json",
      content,
      /^DIR\/summary\.json: it is (no summary of finegrain|not JSON).*delete it/,
      completedIn
    )
  ),
  ...["", "null", "finegrain checkpoint 1\n"].map((content) =>
    damaged("checkpoint.bin", content, /^DIR\/checkpoint\.bin is no intact checkpoint.*checkpoint\.previous\.bin/)
  ),
  damaged("events.jsonl", "", /has lost events: 0 bytes are there/),
  damaged("events.jsonl", "x".repeat(100_000), /is not the log that the checkpoint was written beside/),
  {
    area: "resume",
    given: "a log that is a link to another file",
    prepare: async (directory) => {
      await killedIn(directory)
      renameSync(join(directory, "events.jsonl"), join(directory, "precious.txt"))
      symlinkSync(join(directory, "precious.txt"), join(directory, "events.jsonl"))
    },
    says: /^DIR\/events\.jsonl: it is a link to another file, which is not followed/,
    run: (directory) => resume(directory),
    untouched: everything
  },
  {
    area: "resume",
    given: "a completed run without its checkpoints",
    prepare: async (directory) => {
      await completedIn(directory)
      for (const name of ["checkpoint.bin", "checkpoint.previous.bin"]) rmSync(join(directory, name))
    },
    value: [0, true],
    run: (directory) =>
      finegrain("train", ...flags(), "--output", directory, "--resume").then(({ code, stdout }) => [
        code,
        /Completed before.*[\s\S]*gone: checkpoint\.bin/.test(stdout)
      ]),
    untouched: everything
  },
  {
    area: "resume",
    given: "a completed run without its weights",
    prepare: async (directory) => {
      await completedIn(directory)
      rmSync(join(directory, "weights.bin"))
    },
    value: [0, true],
    run: (directory) =>
      finegrain("train", ...flags(), "--output", directory, "--resume").then(({ code, stdout }) => [
        code,
        /Written to [^;]*; gone: weights\.bin$/m.test(stdout)
      ]),
    untouched: everything
  },
  {
    area: "resume",
    given: "a killed run without its checkpoints, whose log tells of an epoch",
    prepare: async (directory) => {
      await killedIn(directory)
      rmSync(join(directory, "checkpoint.previous.bin"))
      cpSync(join(directory, "events.jsonl"), join(directory, "copy"))
    },
    value: true,
    run: async (directory) => {
      await finegrain("train", ...flags(), "--output", directory, "--resume")
      const text = (name: string) => readFileSync(join(directory, name), "utf8")
      return text("events.before.1.jsonl") === text("copy")
    }
  }
]

/** A checkpoint with a valid checksum, and something senseless in it. */
const sealed = (given: string, change: (snapshot: Checkpoint.Snapshot) => Checkpoint.Snapshot, says: RegExp): Row => ({
  area: "checkpoints",
  given,
  prepare: async (directory) => {
    await killedIn(directory)
    const file = join(directory, "checkpoint.previous.bin")
    const { extra, snapshot } = Result.getOrThrow(Checkpoint.decode(readFileSync(file), file))
    writeFileSync(file, Checkpoint.encode(change(snapshot), extra))
  },
  says,
  run: (directory) => resume(directory),
  untouched: everything
})

const at = (given: string, change: Partial<Checkpoint.Position>, says: RegExp) =>
  sealed(given, (snapshot) => ({ ...snapshot, position: { ...snapshot.position, ...change } }), says)

const tensor = (given: string, change: (tensor: Checkpoint.Named) => Checkpoint.Named, says: RegExp) =>
  sealed(given, (snapshot) => ({
    ...snapshot,
    tensors: snapshot.tensors.map((one, i) => i === 0 ? change(one) : one)
  }), says)

const checkpoints: ReadonlyArray<Row> = [
  at("an epoch beyond the last", { epoch: 1000 }, /the epoch is 1000 there, but at most 3 here/),
  at("an epoch before the first", { epoch: 0 }, /no intact checkpoint.*position\.epoch/),
  at("a negative step", { step: -1 }, /no intact checkpoint.*position\.step/),
  at("half a step", { step: 1.5 }, /no intact checkpoint.*position\.step/),
  at("another step", { step: 1 }, /the step is 1 there/),
  at("a place within a batch", { from: 7 }, /the place in the epoch is 7 there/),
  at("a place beyond the images", { from: 32_000 }, /the place in the epoch is 32000 there/),
  at("ℜ of an epoch to come", { measuredIn: 9 }, /ℜ was measured is 9 there/),
  sealed("no epochs done", (one) => ({ ...one, epochs: [] }), /the epochs that are done is 0 there/),
  sealed("no tensors", (one) => ({ ...one, tensors: [] }), /omega\/0 is not there there/),
  tensor("a tensor of another name", (one) => ({ ...one, name: "omega/99" }), /omega\/0 is not there there/),
  tensor("a tensor of another shape", (one) => ({ ...one, shape: [one.values.length] }), /omega\/0 is of shape/),
  tensor(
    "numbers that are none",
    (one) => ({ ...one, values: one.values.map(() => Number.NaN) }),
    /a number of omega\/0 is NaN there/
  ),
  tensor("a point off its manifold", (one) => ({ ...one, values: one.values.map((x) => 3 * x) }), /is not on/),
  sealed("another geometry", (one) => ({ ...one, fingerprint: "0" }), /geometry of the network/)
]

/** A damaged experiment, which what is given makes in its directory. */
const ofExperiment = (given: string, prepare: (directory: string) => void, says: RegExp): Row => ({
  area: "experiment",
  given,
  prepare: (directory) => {
    write(directory, "experiment.json", { experiment, smoke: false })
    mkdirSync(join(directory, "trials"))
    prepare(directory)
  },
  says,
  run: (directory) => run(directory, "--resume"),
  untouched: everything
})

const experiments: ReadonlyArray<Row> = [
  ...[[], null, 5, {}, { experiment: [] }, { experiment: { name: "x" }, smoke: false }, "{"].map((content) =>
    ofExperiment(
      `experiment.json that holds ${JSON.stringify(content)}`,
      (directory) => write(directory, "experiment.json", content),
      /^DIR\/experiment\.json: it is (no experiment of finegrain|not JSON)/
    )
  ),
  ...[[], null, { a: 1 }, { a: { error: 1 } }, "{"].map((content) =>
    ofExperiment(
      `failures.json that holds ${JSON.stringify(content)}`,
      (directory) => write(directory, "failures.json", content),
      /^DIR\/failures\.json: it is (no list of failures of finegrain|not JSON).*delete it/
    )
  ),
  ofExperiment("trials that are a link", (directory) => {
    rmSync(join(directory, "trials"), { recursive: true })
    mkdirSync(join(directory, "elsewhere"))
    symlinkSync(join(directory, "elsewhere"), join(directory, "trials"))
  }, /^DIR\/trials: it is a link, which is not followed out of the directory/),
  ...[{}, null, [], { cells: 5 }, "{"].map((content): Row => ({
    area: "report",
    given: `results.json that holds ${JSON.stringify(content)}`,
    prepare: (directory) => write(directory, "results.json", content),
    says: /^DIR\/results\.json: it is (no results of finegrain|not JSON)/,
    run: (directory) => told("report", directory),
    untouched: everything
  })),
  {
    area: "experiment",
    given: "a row named NaN",
    value: "NaN",
    run: () => {
      const named = { ...experiment, rows: [{ name: "NaN", settings: {} }] }
      const text = RunFiles.toJson({ experiment: named, smoke: false })
      return (JSON.parse(text) as { readonly experiment: typeof named }).experiment.rows[0]!.name
    }
  },
  {
    area: "experiment",
    given: "a getter that throws several lines",
    says: "Experiment own.ts: it cannot be read: not today",
    run: () =>
      Experiment.decode({
        get name() {
          throw new Error("not\n  today\n")
        }
      }, "own.ts")
  },
  {
    area: "experiment",
    given: "a value that holds itself",
    says: /^Experiment own\.ts: it cannot be read/,
    run: () => {
      const self: Record<string, unknown> = {}
      self["base"] = self
      return Experiment.decode(self, "own.ts")
    }
  },
  {
    area: "compare",
    given: "a summary that is none",
    prepare: (directory) => write(directory, "summary.json", []),
    says: /^DIR\/summary\.json: it is no summary of finegrain/,
    run: (directory) => told("compare", directory, directory),
    untouched: everything
  },
  {
    area: "report",
    given: "a manifest with a layer named out of the directory",
    prepare: async (directory) => {
      await completedIn(directory)
      const file = join(directory, "manifest.json")
      writeFileSync(file, readFileSync(file, "utf8").replaceAll(/"layer": "[^"]*"/g, `"layer": "x/../../../../name"`))
    },
    value: [0, false, ["map-x_.._.._.._.._name-2.svg", "map-x_.._.._.._.._name-3.svg", "map-x_.._.._.._.._name.svg"]],
    run: async (directory) => {
      rmSync(join(directory, "figures"), { recursive: true })
      const { code } = await finegrain("report", directory)
      const maps = readdirSync(join(directory, "figures")).filter((name) => /^map.*svg$/.test(name))
      return [code, existsSync(join(directory, "..", "..", "name.svg")), maps.toSorted()]
    },
    untouched: ["manifest.json", "events.jsonl"]
  },
  {
    area: "report",
    given: "figures that are a link",
    prepare: async (directory) => {
      await completedIn(directory)
      rmSync(join(directory, "figures"), { recursive: true })
      mkdirSync(join(directory, "elsewhere"))
      symlinkSync(join(directory, "elsewhere"), join(directory, "figures"))
    },
    says: "DIR/figures: it is a link, which is not followed: put a directory in its place",
    run: (directory) => told("report", directory),
    untouched: everything
  },
  ...[["events.jsonl", "null\n5\n[]\n"], ["spectra.json", "{"], ["spectra.json", "[null]"], ["summary.json", "[]"]].map(
    (
      [name, content]
    ): Row => ({
      area: "report",
      given: `${name} that holds ${content!.replaceAll("\n", " ")}`,
      prepare: async (directory) => {
        await completedIn(directory)
        if (name === "events.jsonl") appendFileSync(join(directory, name), content!)
        else write(directory, name!, content)
      },
      value: [0, true],
      run: async (directory) => {
        const { code } = await finegrain("report", directory)
        return [code, readFileSync(join(directory, "report.html"), "utf8").includes("Not read: ")]
      },
      untouched: ["manifest.json", "events.jsonl", "summary.json", "spectra.json"]
    })
  )
]

const schedules: ReadonlyArray<Row> = [
  ["a rate of NaN", () => Schedule.constant(Number.NaN), /constant: rate must be finite.*not NaN/],
  ["an infinite rate", () => Schedule.constant(Infinity), /not Infinity/],
  ["a negative rate", () => Schedule.constant(-1), /at least 0, not -1/],
  [
    "a cosine over no steps",
    () => Schedule.cosine({ rate: 1, steps: 0 }),
    /cosine: steps must be finite and above 0, not 0/
  ],
  ["a cosine over NaN steps", () => Schedule.cosine({ rate: 1, steps: Number.NaN }), /steps.*NaN/],
  [
    "a drop every 0 steps",
    () => Schedule.stepDecay({ rate: 1, factor: 0.1, every: 0 }),
    /stepDecay: every must be.*not 0/
  ],
  ["a factor of NaN", () => Schedule.stepDecay({ rate: 1, factor: Number.NaN, every: 1 }), /factor.*NaN/],
  ["a power of NaN", () => Schedule.power({ rate: 1, exponent: Number.NaN }), /power: exponent must be finite/],
  ["ρ = NaN", () => StepSize.curvatureAware({ rho: Number.NaN }), /curvatureAware: rho must be/],
  ["ρ = 0", () => StepSize.curvatureAware({ rho: 0 }), /rho must be finite and above 0, not 0/]
].map(([given, run, says]): Row => ({
  area: "step sizes",
  given: given as string,
  says: says as RegExp,
  run: run as () => unknown
}))

/** A variable of the environment, for the time of a row. */
const withVariable = (name: string, value: string, run: () => Promise<unknown>) => async () => {
  const before = process.env[name]
  process.env[name] = value
  try {
    return await run()
  } finally {
    if (before === undefined) delete process.env[name]
    else process.env[name] = before
  }
}

const start = (name: Backend.EngineName | "auto") => () =>
  Effect.runPromise(Effect.flip(Effect.provide(Backend.Backend, Backend.layer(name)))).then(({ message }) => message)

const engines: ReadonlyArray<Row> = (["auto", "wasm"] as const).flatMap((name) =>
  ([
    ["FINEGRAIN_THREADS", "abc"],
    ["FINEGRAIN_THREADS", "0"],
    ["FINEGRAIN_THREADS", "1.5"],
    ["FINEGRAIN_THREADS", "100000"],
    ["FINEGRAIN_SIMD", "bogus"]
  ] as const).map(([variable, value]): Row => ({
    area: "engines",
    given: `${variable}=${value} for ${name}`,
    says: new RegExp(`${variable} must be .*"${value}"`),
    run: withVariable(variable, value, start(name))
  }))
)

const settings: ReadonlyArray<Row> = [
  ["a manifold missing", ["--collection", "Sp++St"], /a manifold is missing beside a "\+"/],
  ["an exponent without the power schedule", ["--config", "idle"], /exponent has no effect: only the power schedule/],
  ["100,000 threads", ["--threads", "100000"], /threads must be .*64.*not 100000/],
  ["threads of an engine that has none", ["--backend", "cpu", "--threads", "2"], /threads has no effect/]
].map(([given, more, says]): Row => ({
  area: "settings of train",
  given: given as string,
  prepare: (directory) => write(directory, "idle.json", { exponent: 0.7 }),
  says: says as RegExp,
  run: (directory) =>
    told(
      "train",
      ...(more as ReadonlyArray<string>).map((part) => part === "idle" ? join(directory, "idle.json") : part)
    ),
  untouched: everything
}))

const mistakes: ReadonlyArray<Row> = [
  { layers: { conv1: { collection: "Sp++St" } } },
  { epochs: "2" },
  { learningRate: null },
  { momentum: 1 },
  { weightDecay: -1 },
  { rho: 0, rule: "curvatureAware" },
  { dataset: "" },
  { seed: 0.5 },
  { batchSize: 0 },
  { layers: 5 },
  { collection: "" },
  { schedule: "zigzag" }
].map((input): Row => ({
  area: "settings",
  given: JSON.stringify(input),
  says: new RegExp(Object.keys(input)[0]!),
  run: () => TrainConfig.decode(input, "config.json")
}))

const layers: ReadonlyArray<Row> = [{
  area: "divergence",
  given: "a last step that no other follows",
  says: /^Training diverged at step 1: (test loss of the network|weight of \S+) is (NaN|-?Infinity)/,
  run: (directory) =>
    told(
      "train",
      ...flags({
        "--epochs": "1",
        "--batch-size": "96",
        "--collection": "Euc",
        "--learning-rate": "3e38",
        "--schedule": "constant"
      }),
      "--output",
      join(directory, "run")
    )
}, {
  area: "layers",
  given: "a layer that is not there",
  prepare: (directory) => write(directory, "c.json", { layers: { conv9: { collection: "St" } } }),
  // No pooling, no flattening: nothing can be constrained there.
  says: /conv9.*no layer of this name\. What would work: conv1, conv2, conv3, logits\.$/,
  run: (directory) =>
    told("train", ...flags(), "--config", join(directory, "c.json"), "--output", join(directory, "run")),
  untouched: everything
}]

/** One image each, of which what is not told is as it should be. */
const training = async (given: Partial<Trainer.TrainerOptions>) => {
  const split = { images: new Uint8Array(2 * 64), labels: Uint8Array.of(0, 1), count: 2 }
  const dataset = { name: "two", classes: 2, height: 8, width: 8, channels: 1, train: split, test: split, checksum: "" }
  const network = await Effect.runPromise(Network.make(Models.smallCnn({ ...dataset, filters: [2] })))
  const own = { network, dataset, schedule: Schedule.constant(0.1), epochs: 1, batchSize: 1, seed: 1 }
  const trained = Effect.flatMap(Trainer.make({ ...own, ...given }), (run) => run.train(() => Effect.void))
  return Effect.runPromise(Effect.scoped(trained))
}

const broken = { name: "broken", rate: () => Number.NaN }
const flat = { name: "flat", denominators: (norms: tf.Tensor1D) => tf.zerosLike(norms) }

const outputs: ReadonlyArray<Row> = [{
  area: "output without a terminal",
  given: "two epochs",
  // One header, and a row an epoch: a table that is printed anew every time grows with the square of the epochs.
  value: [1, 2],
  run: async (directory) => {
    const { stdout } = await finegrain("train", ...flags(), "--output", join(directory, "run"))
    return [/^ *epoch +train loss/gm, /^ *[12] +\d+\.\d{4} /gm].map((line) => stdout.match(line)?.length)
  }
}, {
  area: "resume",
  given: "a completed run of another version",
  prepare: async (directory) => {
    await completedIn(directory)
    const file = join(directory, "manifest.json")
    writeFileSync(file, readFileSync(file, "utf8").replace(/"finegrain": "[^"]*"/, `"finegrain": "0.0.1"`))
  },
  value: 0,
  run: async (directory) => (await finegrain("train", ...flags(), "--output", directory, "--resume")).code,
  untouched: everything
}]

const trainers: ReadonlyArray<Row> = ([
  ["no images a step", { batchSize: 0 }, /0 images|batchSize/],
  ["half an image a step", { batchSize: 0.5 }, /0\.5 images/],
  ["no epochs", { epochs: 0 }, /epochs must be a whole number of at least 1, not 0/],
  ["half an epoch", { epochs: 0.5 }, /epochs must be .*not 0\.5/],
  ["a seed of NaN", { seed: Number.NaN }, /seed must be a whole number, not NaN/],
  ["λ from no images", { renormalizationImages: 0 }, /renormalizationImages must be .*not 0/],
  ["an infinite weight decay", { weightDecay: Infinity }, /weight decay must be finite/],
  ["a momentum of 1", { momentum: 1 }, /momentum must be in \[0, 1\), not 1/],
  [
    "a schedule that gives a negative rate",
    { schedule: { name: "up", rate: () => -1 } },
    /up: the rate at step 0 must be finite and at least 0, not -1/
  ],
  [
    "a schedule that gives NaN",
    { schedule: broken },
    /broken: the rate at step 0 must be finite and at least 0, not NaN/
  ],
  ["a rule that gives 0", { rule: flat }, /the rule gives g = 0 for .*positive and finite/]
] as const).map(([given, options, says]): Row => ({ area: "trainer", given, says, run: () => training(options) }))

export const rows: ReadonlyArray<Row> = [
  ...directories,
  ...unwritable,
  ...resumed,
  ...bits,
  ...files,
  ...checkpoints,
  ...experiments,
  ...schedules,
  ...engines,
  ...settings,
  ...mistakes,
  ...layers,
  ...outputs,
  ...trainers
]
