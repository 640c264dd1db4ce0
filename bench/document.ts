/** BENCHMARKS.md from the numbers of bench/results. */
import { counted } from "../src/choices/counted.ts"
import type { Phases } from "./phases.ts"
import type { Found, Row } from "./rivals.ts"
import { type Scaling, scalingTables } from "./scalingTables.ts"
import { spread, type Timing } from "./timing.ts"

/** What bench/engine.ts writes, as far as it is told here. */
interface Engine {
  readonly ceiling: { readonly gflops: number; readonly gigabytes: number }
  readonly batch: number
  readonly convolutions: ReadonlyArray<{ readonly name: string; readonly gflops: ReadonlyArray<number> }>
  readonly operations: ReadonlyArray<{ readonly name: string; readonly kernels: Timing; readonly composed: Timing }>
  readonly steps: ReadonlyArray<{ readonly timing: Timing; readonly gflops: number; readonly gigabytes: number }>
  readonly parts: ReadonlyArray<Timing>
  readonly share: number
}

/** The numbers of every benchmark, as its file in bench/results has them. */
export interface Results {
  readonly rivals: Found
  readonly engine: Engine
  readonly phases: { readonly threads: number; readonly load: number; readonly rows: ReadonlyArray<Phases> }
  readonly manifolds: {
    readonly channels: number
    readonly rows: ReadonlyArray<{ readonly timing: Timing; readonly operations: number; readonly ratio: number }>
  }
  readonly scaling: Scaling
  readonly profile: {
    readonly batch: number
    readonly whole: number
    readonly rows: ReadonlyArray<{ readonly name: string; readonly calls: number; readonly ms: number }>
  }
}

const widest = 120

/** A paragraph in lines. */
const paragraph = (text: string): string => {
  const lines = [""]
  for (const word of text.split(/\s+/)) {
    const longer = lines.at(-1) === "" ? word : `${lines.at(-1)} ${word}`
    if (longer.length <= widest) lines[lines.length - 1] = longer
    else lines.push(word)
  }
  return lines.join("\n")
}

const table = (header: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string>>): string =>
  [header, header.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n")

const percent = (part: number) => `${(100 * part).toFixed(part < 0.1 ? 1 : 0)} %`

/** Milliseconds of a way, if it was there. */
const ms = ({ ways }: Row, way: string): number | undefined => ways[way]?.[1]

/** The fastest of the ways whose names begin so. */
const best = ({ ways }: Row, ...begin: ReadonlyArray<string>): number | undefined => {
  const found = Object.entries(ways).filter(([name]) => begin.some((text) => name.startsWith(text)))
  return found.length === 0 ? undefined : Math.min(...found.map(([, [, median]]) => median))
}

const eager = (row: Row) => best(row, "torch, default", "torch, channels last")

const ratio = (rival: number | undefined, own: number | undefined): number | undefined =>
  rival === undefined || own === undefined ? undefined : rival / own

const told = (value: number | undefined): string =>
  value === undefined ? "–" : value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)

const rowsOf = (rows: ReadonlyArray<Row>, ways: Readonly<Record<string, (row: Row) => string>>) =>
  table(["", ...Object.keys(ways)], rows.map((row) => [row.name, ...Object.values(ways).map((of) => of(row))]))

/** A way's median with its quartiles. */
const cell = (way: string) => ({ ways }: Row): string => {
  const found = ways[way]
  return found === undefined ? "–" : `${told(found[1])} (${told(found[0])}–${told(found[2])})`
}

const named = (rows: ReadonlyArray<Row>, name: string): Row => {
  const found = rows.find((row) => row.name === name)
  if (found === undefined) throw new Error(`bench/results has no row ${name}`)
  return found
}

const layerOf = (layers: ReadonlyArray<Row>, manifold: string, kernels: string) =>
  named(layers, `${manifold}, ${kernels} kernels 3×3`)

const manifolds = ["Stiefel", "oblique", "sphere"] as const

/** What is aimed at, and what was measured. */
const goals = ({ engine, manifolds: mixed, rivals, scaling }: Results): string => {
  const small = named(rivals.networks, "ResNet-20, 28×28, batch 128")
  const against = (kernels: string, rival: string) =>
    manifolds.map((manifold) => {
      const row = layerOf(rivals.layers, manifold, kernels)
      return ratio(ms(row, `torch, ${rival}`), ms(row, "wasm"))
    })
  const three = (values: ReadonlyArray<number | undefined>) => values.map(told).join(", ")
  const reached = (values: ReadonlyArray<number | undefined>, goal: ReadonlyArray<number>, least: boolean) =>
    values.every((value, i) => value !== undefined && (least ? value >= goal[i]! : value <= goal[i]!))
      ? "yes"
      : values.includes(undefined)
      ? "not measured"
      : "no"
  const row = (
    what: string,
    values: ReadonlyArray<number | undefined>,
    goal: ReadonlyArray<number>,
    { least = true, say = three } = {}
  ) => [what, say(values), `${least ? "≥" : "≤"} ${say(goal)}`, reached(values, goal, least)]
  const shares = {
    least: false,
    say: (values: ReadonlyArray<number | undefined>) =>
      values.map((value) => value === undefined ? "–" : percent(value)).join(", ")
  }
  const mixture = [
    ...mixed.rows.filter(({ timing }) => timing.name.endsWith(" Sp+Ob+St+Euc")).map(({ ratio }) => ratio),
    ...scaling.rows.filter(({ collection, side }) => collection.includes("+") && side === 3).map(({ toDearest }) =>
      toDearest
    )
  ].filter((value) => value !== undefined)
  const node = ratio(ms(rivals.optimizer, "node"), ms(small, "node"))
  const bytes = Math.min(...engine.steps.map(({ gigabytes }) => gigabytes / engine.ceiling.gigabytes))
  return table(["", "measured", "goal", "reached"], [
    row("ResNet-20 step with oneDNN: PyTorch's best eager layout ÷ ours", [ratio(eager(small), ms(small, "onednn"))], [
      1.1
    ]),
    row(
      "the same against `torch.compile`",
      [ratio(best(small, "torch, compiled"), ms(small, "onednn"))],
      [1]
    ),
    row("the same with our own kernels alone, against eager", [ratio(eager(small), ms(small, "wasm"))], [0.75]),
    row("layer step, 40,000 kernels: geoopt ÷ ours; Stiefel, oblique, sphere", against("40,000", "geoopt"), [30, 5, 3]),
    row("the same, 400,000", against("400,000", "geoopt"), [50, 8, 5]),
    row("planes tuned by hand ÷ ours, 40,000", against("40,000", "planes"), [2, 1.2, 1]),
    row("four manifolds mixed ÷ the dearest alone, at most", [Math.max(...mixture)], [1.15], { least: false }),
    row("FG-SGD's share of a ResNet-20 step, wasm", [engine.share], [0.01], shares),
    row("the same on `node`", [node], [0.05], shares),
    row("share of the memory's ceiling that a layer step takes, at least", [bytes], [0.5], { ...shares, least: true }),
    row(
      "memory of ten ResNet-20 steps: ours ÷ PyTorch's",
      [
        ratio(rivals.memory["wasm"], rivals.memory["torch"])
      ],
      [0.8],
      { least: false }
    )
  ])
}

/** Twice as fast, half as fast: in words that fit a ratio of the other's time to ours. */
const compared = (value: number | undefined): string =>
  value === undefined
    ? "not measured"
    : value >= 1
    ? `${value.toFixed(2)} times as fast here`
    : `${(1 / value).toFixed(2)} times as fast there`

const honest = ({ rivals: { layers, networks } }: Results): string => {
  const small = named(networks, "ResNet-20, 28×28, batch 128")
  const large = named(networks, "ResNet-18, 64×64, batch 128")
  const fastest = (row: Row) => ratio(best(row, "torch"), best(row, "wasm", "onednn", "node"))
  const stiefel = layerOf(layers, "Stiefel", "40,000")
  const sphere = layerOf(layers, "sphere", "40,000")
  return paragraph(
    `Take PyTorch where the network is what costs and the optimizer is a plain one. Each side's best, a ResNet-20 step
    at batch 128 is ${compared(fastest(small))}, a ResNet-18 step ${compared(fastest(large))}. Take it also where you
    have an NVIDIA card: no engine of ours has been timed on one. And take it where you need what its ecosystem has and
    this library has not: mixed precision, one network over several machines, pretrained models. Take this
    library for what steps on manifolds cost: with geoopt as it is, the step of a layer of 40,000 Stiefel kernels is ${
      compared(ratio(ms(stiefel, "torch, geoopt"), ms(stiefel, "wasm")))
    }, that of spheres ${
      compared(ratio(ms(sphere, "torch, geoopt"), ms(sphere, "wasm")))
    }; one who writes the Stiefel step by hand on planes of entries and compiles it gets it ${
      compared(ratio(best(stiefel, "torch, planes"), ms(stiefel, "wasm")))
    }. And take it for what is nowhere else: FG-SGD itself, collections of manifolds within a layer, laws that hold them
    to the mathematics, runs that go on to the same bits, and an installation that is npm alone.`
  )
}

/** Bytes that a kernel of 3×3 has moved in a step, at least. */
const moved = 9 * 36

/** What is missed for reasons that numbers show. */
const missed = ({ engine: { ceiling, share }, phases, profile, rivals: { layers } }: Results): string => {
  /** The time that memory at its ceiling would take, of that which a goal leaves. */
  const atCeiling = (manifold: string, kernels: number, goal: number) => {
    const geoopt = ms(layerOf(layers, manifold, kernels.toLocaleString("en")), "torch, geoopt")
    return geoopt === undefined ? "–" : percent(kernels * moved / ceiling.gigabytes / 1e6 / (geoopt / goal))
  }
  const inKernels = profile.rows.filter(({ name }) => name.startsWith("FinegrainStep"))
    .reduce((sum, row) => sum + row.ms, 0)
  return [
    paragraph(
      `*Steps of layers.* A step reads points, momenta and gradients and writes directions; then, when the norms of the
      POMs are known, reads points and directions and writes directions, points and weights: ${moved} bytes a kernel of
      3×3 in two sweeps, since steps depend on norms over many kernels and the old state stays whole until the new one
      is. geoopt's step knows no groups and writes over its state: 180 bytes. At the measured ceiling of ${
        ceiling.gigabytes.toFixed(1)
      } GB/s those two sweeps alone would take ${
        manifolds.map((manifold, i) => `${atCeiling(manifold, 40_000, [30, 5, 3][i]!)} (${manifold})`).join(", ")
      } of the time that the goals leave for 40,000 kernels, and ${
        manifolds.map((manifold, i) => `${atCeiling(manifold, 400_000, [50, 8, 5][i]!)} (${manifold})`).join(", ")
      } for 400,000. By phases, lower quartiles, ${counted(phases.threads, "thread")} (\`npm run bench:phases\`${
        phases.load > 1 ? `; other processes used the machine as well, load ${phases.load.toFixed(0)}` : ""
      }):`
    ),
    table(
      [
        "layer",
        "ms",
        "first sweep, ns a kernel",
        "second sweep",
        "outside of both, µs",
        "GB/s in the sweeps (ceiling)"
      ],
      phases.rows.map(({ collection, direction, gigabytes, kernels, move, ms, outside, side }) => [
        `${kernels.toLocaleString("en")} of ${side}×${side}, ${collection}`,
        ms.toFixed(2),
        direction.toFixed(1),
        move.toFixed(1),
        outside.toFixed(0),
        `${gigabytes.toFixed(1)} (${percent(gigabytes / ceiling.gigabytes)})`
      ])
    ),
    paragraph(
      `*FG-SGD's share of a step* (${percent(share)}). Its two kernels take ${
        inKernels.toFixed(2)
      } ms; about half of that, and what is beside them, is JavaScript that makes and frees some 240 tensors, four
      manifolds in each of twenty layers. Fewer would need states of several layers in one tensor.`
    ),
    paragraph(
      `*ResNet-20 against PyTorch.* WebAssembly has vectors of 128 bits. With oneDNN convolutions are PyTorch's own;
      what is left is normalization, additions, and TensorFlow.js' tape (the profile below), where \`torch.compile\`
      makes one loop of normalization, addition and rectifier. How far behind that leaves us depends on the
      processor. This one computes 512 bits at a time, and PyTorch brings a newer oneDNN than Debian's; on another AMD
      EPYC, with half of its memory's speed, the same tables had said 1.11 for oneDNN 2.6 against eager
      PyTorch, 1.01 against \`torch.compile\`, and 0.82 for our own kernels.`
    )
  ].join("\n\n")
}

/** All of it. */
export const document = (results: Results): string => {
  const { engine, manifolds, profile, rivals, scaling } = results
  const { about, machine, missing, quick, threads } = rivals
  const versions = Object.values(about).flatMap((side) =>
    Object.entries(side).flatMap(([name, version]) =>
      name === "arithmetic" ? [] : [name === "finegrain" ? version : `${name} ${version}`]
    )
  )
  const absent = Object.entries(missing).map(([name, reason]) => ` Not there: ${name} (${reason}).`).join("")
  const rounds = rivals.networks.map((row) => row.rounds)
  const small = named(rivals.networks, "ResNet-20, 28×28, batch 128")
  const heading = { wasm: "wasm", onednn: "wasm, oneDNN", node: "node", "torch, default": "PyTorch, default" }
  const columns = {
    ...heading,
    "torch, channels last": "channels last",
    "torch, compiled, channels last": "compiled",
    jax: "JAX"
  }
  const share = (part: number, whole: number) => percent(part / whole)
  const rest = profile.whole - profile.rows.reduce((sum, row) => sum + row.ms, 0)
  return `${
    [
      "# Benchmarks",
      paragraph(
        `Written by \`npm run bench:all${quick ? " -- --quick" : ""}\` from \`bench/results\`, which has
      the numbers as JSON; [bench/](bench/README.md) says what each table measures. Measured on ${machine.date}:
      ${machine.cpu}, ${machine.cores} cores, Node ${machine.node}; ${versions.join("; ")}; ${threads} threads a
      side.${absent} Milliseconds are medians of rounds in which all sides of a row ran in turns, warmed up, with
      quartiles, ${Math.min(...rounds)} to ${Math.max(...rounds)} rounds a row. Read the ratios: the machine is a shared
      one.`
      ),
      "## Goals, and where they stand",
      goals(results),
      "## What is missed, and why",
      missed(results),
      "## When to take PyTorch",
      honest(results),
      "## One step of ResNet-20, batch 128, 28×28",
      paragraph(
        `FG-SGD with four manifolds in every layer here, plain SGD with momentum there; in turns. The last column is
      PyTorch's best eager layout against each.`
      ),
      table(
        ["", "ms (quartiles)", "PyTorch's best eager ÷ it"],
        Object.keys(small.ways).map((way) => [
          way.replace("onednn", "wasm, oneDNN").replace("torch", "PyTorch").replace("jax", "JAX and optax, jitted"),
          cell(way)(small),
          told(ratio(eager(small), ms(small, way)))
        ])
      ),
      "## Steps of networks",
      rowsOf(rivals.networks, {
        ...Object.fromEntries(Object.entries(columns).map(([way, title]) => [`${title}, ms`, cell(way)])),
        "best of PyTorch ÷ best of ours": (row) => told(ratio(best(row, "torch"), best(row, "wasm", "onednn", "node")))
      }),
      paragraph(
        `The optimizer's part of ResNet-20 alone, from gradients to the next weights, ms: ${
          Object.keys(rivals.optimizer.ways).map((way) =>
            `${way === "torch" ? "PyTorch's SGD with momentum" : way} ${cell(way)(rivals.optimizer)}`
          ).join(", ")
        }. Resident memory of ten of its steps at batch 128, at most, each side in a process of its own, MiB: ${
          Object.entries(rivals.memory).map(([name, mebibytes]) => `${name} ${mebibytes.toFixed(0)}`).join(", ")
        }.`
      ),
      "## Steps on manifolds",
      paragraph(
        `The whole FG-SGD step of one layer here: from the gradient of its weights, through projection, momentum, norms
      of POMs, step sizes, retraction, transport and rescaling, to its next weights, with the old state kept alive.
      PyTorch's is Riemannian SGD with momentum on a tensor of points: as a user writes it, tuned by hand in place on
      planes of entries, that compiled, and geoopt's optimizer. Planes bring no gradient into place and know nothing of
      groups and step sizes.`
      ),
      rowsOf(rivals.layers, {
        "finegrain, ms": cell("wasm"),
        "as written": cell("torch, as written"),
        "planes": cell("torch, planes"),
        "planes, compiled": cell("torch, planes, compiled"),
        "geoopt": cell("torch, geoopt"),
        "geoopt ÷ ours": (row) => told(ratio(ms(row, "torch, geoopt"), ms(row, "wasm"))),
        "best ÷ ours": (row) => told(ratio(best(row, "torch"), ms(row, "wasm")))
      }),
      "## The engine by itself",
      paragraph(
        `Ceilings of the machine, measured in vectors of 128 bits: ${engine.ceiling.gflops.toFixed(0)} GFLOPS,
      ${engine.ceiling.gigabytes.toFixed(1)} GB/s. Operations and bytes are counted from the formulas; Winograd's tiles
      take a quarter of a direct convolution's. 3×3 convolutions at batch ${engine.batch}, GFLOPS of the direct count
      (share of the ceiling):`
      ),
      table(
        ["layer", "forward", "input gradient", "filter gradient"],
        engine.convolutions.map(({ gflops, name }) => [
          name,
          ...gflops.map((value) => `${value.toFixed(1)} (${share(value, engine.ceiling.gflops)})`)
        ])
      ),
      "40,000 kernels of 3×3: project, retract, transport, ms",
      table(
        ["manifold", "own kernels", "composed", "ratio"],
        engine.operations.map(({ composed, kernels, name }) => [
          name,
          spread(kernels),
          spread(composed),
          (composed.median / kernels.median).toFixed(1)
        ])
      ),
      "FG-SGD's step on 40,000 kernels of 3×3",
      table(
        ["manifold", "ms", "GB/s (share of the ceiling)", "GFLOPS (share)"],
        engine.steps.map(({ gflops, gigabytes, timing }) => [
          timing.name,
          spread(timing),
          `${gigabytes.toFixed(1)} (${share(gigabytes, engine.ceiling.gigabytes)})`,
          `${gflops.toFixed(1)} (${share(gflops, engine.ceiling.gflops)})`
        ])
      ),
      `ResNet-20, 28×28, batch ${engine.batch}, ms; FG-SGD's share of a step: ${percent(engine.share)}.`,
      table(["part", "ms"], engine.parts.map((timing) => [timing.name, spread(timing)])),
      `Where a step goes, batch ${profile.batch} (\`npm run bench:profile\`):`,
      table(
        ["kernel", "calls", "ms", "share"],
        [...profile.rows.filter((row) => row.ms > 0.003 * profile.whole), { name: "JavaScript, tape", ms: rest }].map((
          row
        ) => [
          row.name,
          "calls" in row ? row.calls.toFixed(0) : "–",
          row.ms.toFixed(2),
          percent(row.ms / profile.whole)
        ])
      ),
      "## Manifolds and groupings in one layer",
      `${manifolds.channels}×${manifolds.channels} kernels of 3×3`,
      table(
        ["collection", "tensor operations", "ms", "ratio to PIO St"],
        manifolds.rows.map(({ operations, ratio, timing }) => [
          timing.name,
          String(operations),
          spread(timing),
          ratio.toFixed(2)
        ])
      ),
      "## Scaling",
      "Kernels of 5×5 are half as many, because the nearest points of 400,000 do not fit into the heap.",
      ...scalingTables(scaling).map(([header, rows]) => table(header, rows))
    ].join("\n\n")
  }\n`
}
