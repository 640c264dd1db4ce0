import * as Effect from "effect/Effect"
import {
  Augment,
  Batches,
  type Cifar,
  Dataset,
  Datasets,
  Idx,
  ImageFolder,
  Labels,
  Models,
  Network,
  Schedule,
  Seed,
  Subset,
  TrainConfig,
  Trainer
} from "finegrain"
import { execFileSync } from "node:child_process"
import { mkdirSync, symlinkSync } from "node:fs"
import { join } from "node:path"
import { gzipSync } from "node:zlib"
import sharp from "sharp"
import { expect } from "vitest"
import * as preflight from "../../src/experiment/preflight.ts"
import * as fixtures from "../data/fixtures.ts"
import { between, cifar, emnist, folders, idx, images, labels, picture, put } from "../data/fixtures.ts"
import type { Row } from "./Row.ts"

type Loaded = Effect.Success<ReturnType<typeof Datasets.load>>

/** A row about files: what is put into the directory, and the line that loading and reading all of it gives. */
const refused = (
  area: string,
  given: string,
  files: () => fixtures.Files | Promise<fixtures.Files>,
  says: RegExp | string,
  place = "."
): Row => ({
  area,
  given,
  prepare: async (directory) => put(directory, await files()),
  says,
  run: (directory) => Effect.flatMap(fixtures.load(join(directory, place)), fixtures.read),
  untouched: "everything"
})

/** A row about files that are right, or can be read rightly: what of the dataset must be so. */
const readAs = (
  area: string,
  given: string,
  files: () => fixtures.Files | Promise<fixtures.Files>,
  value: unknown,
  of: (dataset: Loaded) => unknown,
  place = "."
): Row => ({
  area,
  given,
  prepare: async (directory) => put(directory, await files()),
  value,
  run: (directory) => Effect.map(fixtures.load(join(directory, place)), of),
  untouched: "everything"
})

const classesOf = ({ classNames, classes, train }: Loaded) => [classes, classNames?.join(" "), train.labels.join("")]

const idxRows: ReadonlyArray<Row> = [
  refused(
    "IDX",
    "a directory that is not there",
    () => ({}),
    /^There is no DIR\/gone\. Give a directory with .*, x_train\.npy, .*; or a \.npz file /,
    "gone"
  ),
  {
    area: "IDX",
    given: "a name that there is none of",
    says: "There is no directory MNIST. By name there are mnist, fashion-mnist, cifar-10, generated:cifar-10, " +
      "generated:cifar-100, generated:imagenet; whatever else is given must be a directory, or a .npz file.",
    run: () => fixtures.load("MNIST")
  },
  refused("IDX", "channels before rows", () => {
    const planes = Idx.encode({ type: "uint8", shape: [6, 3, 8, 8], values: new Uint8Array(6 * 192) })
    return { ...idx(), "train-images-idx3-ubyte": planes }
  }, /its images are 3×8×8: channels must come last/),
  refused("IDX", "a file in place of a directory", () => ({ file: "x" }), /^DIR\/file is no directory\. Give /, "file"),
  refused("IDX", "an empty directory", () => ({}), /^There is none of train-images-idx3-ubyte, .* in DIR\. Give a dir/),
  refused("IDX", "no test labels", () => {
    const { "t10k-labels-idx1-ubyte": _, ...three } = idx()
    return three
  }, /^There is none of t10k-labels-idx1-ubyte, /),
  refused(
    "IDX",
    "a zip archive that is not unpacked",
    () => ({ "gzip.zip": "PK" }),
    /but gzip\.zip\. Unpack its archive\.$/
  ),
  refused(
    "IDX",
    "images that end early",
    () => ({ ...idx(), "train-images-idx3-ubyte": images(6).subarray(0, 30) }),
    "DIR/train-images-idx3-ubyte is corrupt: shape [6, 3, 3] of uint8 needs 70 bytes, but it has 30. Fetch it again."
  ),
  refused(
    "IDX",
    "bytes after the images",
    () => ({ ...idx(), "train-images-idx3-ubyte": Buffer.concat([images(6), Buffer.alloc(2)]) }),
    /needs 70 bytes, but it has 72/
  ),
  refused("IDX", "an empty file", () => ({ ...idx(), "train-images-idx3-ubyte": "" }), /it has 0 bytes, fewer than/),
  refused(
    "IDX",
    "a web page in place of a file",
    () => ({ ...idx(), "t10k-images-idx3-ubyte": "<!DOCTYPE html>" }),
    /magic number 0x3c21444f is not that of an IDX file \(it looks like a web page\)/
  ),
  refused(
    "IDX",
    "a type code that there is none of",
    () => ({ ...idx(), "train-labels-idx1-ubyte": Uint8Array.of(0, 0, 7, 1, 0, 0, 0, 0) }),
    /magic number 0x00000701/
  ),
  refused(
    "IDX",
    "a header of 255 dimensions",
    () => ({
      ...idx(),
      "train-images-idx3-ubyte": Uint8Array.from({ length: 1024 }, (_, i) => [0, 0, 8, 255][i] ?? 1)
    }),
    /lengths\] of uint8 needs/
  ),
  refused(
    "IDX",
    "labels in place of images",
    () => ({ ...idx(), "train-images-idx3-ubyte": labels([0, 1]) }),
    /rank 3 or 4/
  ),
  refused(
    "IDX",
    "images in place of labels",
    () => ({ ...idx(), "train-labels-idx1-ubyte": images(6) }),
    /labels have rank 1, but it holds rank 3/
  ),
  refused(
    "IDX",
    "images of floating-point numbers",
    () => ({
      ...idx(),
      "train-images-idx3-ubyte": Idx.encode({
        type: "float32",
        shape: [6, 1, 1],
        values: new Float32Array(6).fill(NaN)
      })
    }),
    /images are uint8 of rank 3 or 4, but it holds float32/
  ),
  refused("IDX", "no images at all", () => ({ ...idx([]) }), /there is nothing in it/),
  refused(
    "IDX",
    "fewer labels than images",
    () => ({ ...idx(), "train-labels-idx1-ubyte": labels([0, 1, 2, 0, 1]) }),
    /train-images-idx3-ubyte has 6 images, but DIR\/train-labels-idx1-ubyte has 5 labels$/
  ),
  refused(
    "IDX",
    "test images of another size",
    () => ({ ...idx(), "t10k-images-idx3-ubyte": images(6, 2, 4) }),
    /training images are 3×3×1, but test images are 2×4×1/
  ),
  {
    area: "IDX",
    given: "a pipe in place of a file",
    prepare: (directory) => {
      const { "train-images-idx3-ubyte": _, ...three } = idx()
      put(directory, three)
      execFileSync("mkfifo", [join(directory, "train-images-idx3-ubyte")])
    },
    says: /train-images-idx3-ubyte is there but cannot be read \(it is a pipe\)/,
    run: (directory) => fixtures.load(directory)
  },
  {
    area: "IDX",
    given: "a file that may not be read",
    prepare: (directory) => put(directory, idx()),
    says:
      "DIR/train-images-idx3-ubyte is there but cannot be read (permission denied). Make it a file that you may read.",
    run: (directory) => fixtures.forbidding("train-images-idx3-ubyte", fixtures.load(directory)),
    untouched: "everything"
  },
  {
    area: "IDX",
    given: "a directory that may not be read",
    prepare: (directory) => put(directory, idx()),
    says: /^DIR cannot be read \(permission denied\)\. Give a directory/,
    run: (directory) => fixtures.forbidding(directory.slice(directory.lastIndexOf("/")), fixtures.load(directory)),
    untouched: "everything"
  }
]

const gz = (name: string, bytes: Uint8Array, as: Uint8Array = gzipSync(bytes)) => {
  const { [name]: _, ...others } = idx() as Record<string, Uint8Array>
  return { ...others, [`${name}.gz`]: as }
}
const trainImages = "train-images-idx3-ubyte"
const bombHeader = Buffer.from(Idx.encode({ type: "uint8", shape: [6, 3, 3], values: new Uint8Array(0) }))
const endless = (header: ReadonlyArray<number>) =>
  gzipSync(Buffer.concat([
    Buffer.from([0, 0, 8, header.length]),
    ...header.map((n) => {
      const length = Buffer.alloc(4)
      length.writeUInt32BE(n)
      return length
    }),
    Buffer.alloc(4 << 20)
  ]))

const gzipRows: ReadonlyArray<Row> = [
  refused(
    "gzip",
    "that ends early",
    () => gz(trainImages, images(6), gzipSync(images(6)).subarray(0, 25)),
    /cannot be decomp/
  ),
  refused(
    "gzip",
    "that expands beyond what its header says",
    () => gz(trainImages, bombHeader, gzipSync(Buffer.concat([bombHeader, Buffer.alloc(4 << 20)]))),
    `DIR/${trainImages}.gz is corrupt: it expands to more than the 70 bytes that its header promises. Fetch it again.`
  ),
  refused(
    "gzip",
    "whose header promises 281 TB",
    () => gz(trainImages, images(6), endless([2 ** 32 - 1, 256, 256])),
    /promises 28\d+ bytes, more than \d+ bytes of gzip can hold/
  ),
  refused(
    "gzip",
    "that is no IDX file and expands without end",
    () => gz(trainImages, images(6), gzipSync(Buffer.alloc(8 << 20))),
    /magic number 0x00000000/
  ),
  refused("gzip", "with a byte changed within", () => {
    const packed = Uint8Array.from(gzipSync(images(6)))
    packed[packed.length - 6]! ^= 1
    return gz(trainImages, images(6), packed)
  }, /cannot be decompressed/),
  refused(
    "gzip",
    "followed by something else",
    () => gz(trainImages, images(6), Buffer.concat([gzipSync(images(6)), Buffer.from("and more")])),
    /cannot be decompressed/
  ),
  refused(
    "gzip",
    "within gzip",
    () => gz(trainImages, images(6), gzipSync(gzipSync(images(6)))),
    /it is gzip within gzip/
  ),
  readAs(
    "gzip",
    "of two members",
    () =>
      gz(
        trainImages,
        images(6),
        Buffer.concat([gzipSync(images(6).subarray(0, 20)), gzipSync(images(6).subarray(20))])
      ),
    [3, "0 1 2", "012012"],
    classesOf
  ),
  readAs("gzip", "by name only", () => gz(trainImages, images(6), images(6)), [3, "0 1 2", "012012"], classesOf),
  readAs(
    "gzip",
    "by contents only",
    () => ({ ...idx(), [trainImages]: gzipSync(images(6)) }),
    [3, "0 1 2", "012012"],
    classesOf
  )
]

const letters = between(1, 26)
const capitals = String.fromCharCode(...letters.map((label) => 64 + label)).split("").join(" ")
const numbers = (type: "int32" | "float32" | "int8", values: ReadonlyArray<number>) =>
  Idx.encode({
    type,
    shape: [values.length],
    values: type === "float32"
      ? Float32Array.from(values)
      : type === "int8"
      ? Int8Array.from(values)
      : Int32Array.from(values)
  })
const labelled = (type: "int32" | "float32" | "int8", values: ReadonlyArray<number>) => ({
  ...idx(values, values),
  "train-labels-idx1-ubyte": numbers(type, values),
  "t10k-labels-idx1-ubyte": numbers(type, values)
})

/** Files in gzip, within a folder of that name, as EMNIST's archive unpacks. */
const archived = (files: Readonly<Record<string, Uint8Array>>) =>
  Object.fromEntries(Object.entries(files).map(([name, bytes]) => [`gzip/${name}.gz`, gzipSync(bytes)]))

const labelRows: ReadonlyArray<Row> = [
  refused(
    "labels",
    "one damaged byte that leaves no gap",
    () => idx([0, 1, 2, 0, 1, 3], [0, 1, 2]),
    /label 3 is on one training image and on no test image: a damaged file/
  ),
  readAs(
    "labels",
    "of one image each, not all of them tested",
    () => idx([1, 2, 3, 4], [2]),
    [4, "1 2 3 4", "0123"],
    classesOf
  ),
  readAs("labels", "EMNIST's letters as the archive has them", () => archived(emnist("letters", letters)), [
    26,
    capitals,
    between(0, 25).join("")
  ], classesOf),
  readAs(
    "labels",
    "EMNIST's letters as the archive has them, by name",
    () => archived({ ...emnist("letters", letters), ...emnist("digits", [0, 1]) }),
    [26, capitals, between(0, 25).join("")],
    classesOf,
    "emnist-letters"
  ),
  readAs("labels", "0, 1 and 5 only", () => idx([5, 0, 1, 5], [0, 1, 5]), [3, "0 1 5", "2012"], classesOf),
  readAs("labels", "1 to 26 only, in files without a name", () => idx(letters, letters), [
    26,
    letters.join(" "),
    between(0, 25).join("")
  ], classesOf),
  readAs(
    "labels",
    "EMNIST's letters",
    () => emnist("letters", letters),
    [26, capitals, between(0, 25).join("")],
    classesOf
  ),
  readAs(
    "labels",
    "EMNIST's letters, of which three occur",
    () => emnist("letters", [3, 1, 26]),
    26,
    ({ classes }) => classes
  ),
  readAs(
    "labels",
    "EMNIST's balanced digits only",
    () => emnist("balanced", [0, 1, 9]),
    [47, "019"],
    ({ classes, train }) => [classes, train.labels.join("")]
  ),
  readAs(
    "labels",
    "EMNIST's byclass and its mapping",
    () => ({
      ...emnist("byclass", [0, 10, 61]),
      "emnist-byclass-mapping.txt": between(0, 61).map((label) =>
        `${label} ${label < 10 ? 48 + label : label < 36 ? 55 + label : 61 + label}`
      ).join("\n")
    }),
    [62, "0", "A", "z"],
    ({ classNames, classes }) => [classes, classNames![0], classNames![10], classNames![61]]
  ),
  refused(
    "labels",
    "an EMNIST mapping of other labels",
    () => ({ ...emnist("letters", letters), "emnist-letters-mapping.txt": "1 65 97\n2 66 98\n" }),
    /mapping\.txt has 2 labels, but emnist-letters has 26/
  ),
  refused(
    "labels",
    "an EMNIST mapping that is none",
    () => ({ ...emnist("letters", letters), "emnist-letters-mapping.txt": "1 65\nA\n" }),
    /says no label and character in line 2/
  ),
  refused(
    "labels",
    "EMNIST's letters with a label 27",
    () => emnist("letters", [...letters, 27]),
    /label 27 of image 26 .* is none of the 26 labels there are, 1 to 26/
  ),
  refused(
    "labels",
    "two datasets in one directory",
    () => ({ ...emnist("letters", letters), ...emnist("digits", [0, 1]) }),
    "The dataset in DIR is inconsistent: it holds the datasets emnist-digits, emnist-letters. Say which: " +
      "DIR/emnist-digits"
  ),
  readAs(
    "labels",
    "two datasets in one directory, and which",
    () => ({ ...emnist("letters", letters), ...emnist("digits", [0, 1]) }),
    ["emnist-digits", 10],
    ({ classes, name }) => [name, classes],
    "emnist-digits"
  ),
  refused(
    "labels",
    "a test label that is not trained",
    () => idx([0, 1, 2], [0, 3]),
    /there is a test label 3, but training labels end at 2/
  ),
  refused(
    "labels",
    "a sparse test label that is not trained",
    () => idx([0, 1, 5], [0, 2]),
    /there is a test label 2, but training labels are 0, 1, 5/
  ),
  refused(
    "labels",
    "one damaged byte",
    () => idx([0, 1, 2, 0, 1, 77], [0, 1, 2]),
    /label 77 is on one training image and on no test image: a damaged file/
  ),
  refused(
    "labels",
    "gaps that the test does not confirm",
    () => idx([0, 1, 7, 7], [0, 1]),
    /labels 0, 1, 7 leave numbers out, and 7 is on no test image/
  ),
  refused("labels", "a single one", () => idx([4, 4], [4]), /every training label is 4: one class/),
  refused(
    "labels",
    "negative",
    () => labelled("int8", [0, 1, -1]),
    /label -1 of image 2 in DIR\/train-labels-idx1-ubyte is no whole number/
  ),
  refused("labels", "halves", () => labelled("float32", [0, 1, 0.5]), /label 0\.5 of image 2/),
  refused("labels", "NaN", () => labelled("float32", [0, Number.NaN]), /label NaN of image 1/),
  readAs("labels", "of 32 bits", () => labelled("int32", [70_000, 3, 70_000]), [2, "3 70000", "101"], classesOf),
  refused("labels", "300 classes", () => labelled("int32", between(0, 299)), /300 classes are too many: 256/),
  {
    area: "labels",
    given: "beyond the meaning that they have",
    value: "label 3 of image 0 in labels is none of the 2 labels there are, 0 to 1",
    run: () => {
      const three = { file: "labels", values: [3] }
      return Effect.flip(Effect.fromResult(Labels.numbered(three, three, Labels.meaningOf(["no", "yes"]))))
    }
  }
]

const damagedCifar = (format: Cifar.CifarFormat, name: string, change: (bytes: Uint8Array) => Uint8Array) => () => {
  const files = cifar(format)
  return { ...files, [name]: change(files[name]!) }
}

const cifarRows: ReadonlyArray<Row> = [
  refused(
    "CIFAR",
    "CIFAR-100 for Python",
    () => ({ train: "x", test: "x", meta: "x" }),
    /but meta\. These are files for Python/
  ),
  refused(
    "CIFAR",
    "a batch that ends early",
    damagedCifar("cifar-10", "data_batch_3.bin", (bytes) => bytes.slice(0, -1)),
    "DIR/data_batch_3.bin is no file of CIFAR's binary version: it ends 3072 bytes into record 2, of 3073 bytes " +
      "each. Fetch it again."
  ),
  refused(
    "CIFAR",
    "a label 10",
    damagedCifar("cifar-10", "data_batch_3.bin", (bytes) => bytes.with(3073, 10)),
    /record 1 has label 10, but there are 10 classes/
  ),
  refused(
    "CIFAR",
    "a fine label 100",
    damagedCifar("cifar-100", "train.bin", (bytes) => bytes.with(1, 100)),
    /record 0 has label 100/
  ),
  refused(
    "CIFAR",
    "a coarse label 20",
    damagedCifar("cifar-100", "test.bin", (bytes) => bytes.with(0, 20)),
    /record 0 has coarse label 20, but there are 20 superclasses/
  ),
  refused(
    "CIFAR",
    "an empty batch",
    damagedCifar("cifar-10", "test_batch.bin", () => new Uint8Array(0)),
    /test_batch\.bin.*it is empty/
  ),
  refused("CIFAR", "a missing first batch", () => {
    const { "data_batch_1.bin": _, ...others } = cifar("cifar-10")
    return others
  }, "There is no DIR/data_batch_1.bin. Give a directory with all files of the binary version of CIFAR-10."),
  refused(
    "CIFAR",
    "the version for Python",
    () => ({ data_batch_1: "x", test_batch: "x" }),
    /but data_batch_1\. These are files for Python: fetch the binary version of CIFAR\.$/
  ),
  refused("CIFAR", "an archive", () => ({ "cifar-10-binary.tar.gz": "x" }), /Unpack its archive\.$/),
  refused(
    "CIFAR",
    "nine names for ten classes",
    () => ({ ...cifar("cifar-10"), "batches.meta.txt": "a\nb\n" }),
    /batches\.meta\.txt.*it has 2 different names for 10 classes/
  ),
  readAs(
    "CIFAR",
    "names of its own",
    () => ({ ...cifar("cifar-10"), "batches.meta.txt": [..."abcdefghij"].join("\n") }),
    [..."abcdefghij"],
    ({ classNames }) => classNames
  ),
  readAs(
    "CIFAR",
    "no names",
    () => cifar("cifar-100"),
    ["apple", "worm"],
    ({ classNames }) => [classNames![0], classNames![99]]
  )
]

const junk = {
  "train/.ipynb_checkpoints/cat-checkpoint.jpg": "x",
  "train/__MACOSX/cat.jpg": "x",
  "train/@eaDir/cat.jpg": "x",
  "train/$RECYCLE.BIN/cat.jpg": "x",
  "train/#recycle/cat.jpg": "x",
  "train/lost+found/cat.jpg": "x",
  "train/.DS_Store": "x",
  "train/cat/._0.jpg": "x",
  "train/cat/.DS_Store": "x",
  "train/cat/Thumbs.db": "x",
  "train/cat/desktop.ini": "x",
  "train/cat/@eaDir/0.jpg": "x",
  "val/.ipynb_checkpoints/x.jpg": "x",
  "val/cat/._0.jpg": "x"
}
const cats = () => folders("cat", "dog")
const withCats = (files: fixtures.Files) => async () => ({ ...await cats(), ...files })
const notesOf = ({ notes }: Loaded) => notes!.slice(1)

/** Sides of white that the first image of `train` has: where its white half is. */
const whiteSide = async (orientation: number) => {
  const half = await picture(20, 40, "#fff").png().toBuffer()
  const bytes = await sharp({ create: { width: 40, height: 40, channels: 3, background: "#000" } })
    .composite([{ input: half, left: 0, top: 0 }]).jpeg({ quality: 100 }).withMetadata({ orientation }).toBuffer()
  return { ...await cats(), "train/cat/0.jpg": bytes }
}
const corners = { left: [0, 3], right: [7, 3], top: [3, 0], bottom: [3, 7] } as const
const sideOf = (bytes: ArrayLike<number>) =>
  Object.entries(corners).filter(([, [x, y]]) => bytes[(y * 8 + x) * 3]! > 128).map(([side]) => side)
const firstImage = (dataset: Loaded) =>
  Effect.map(
    "read" in dataset.train ? dataset.train.read(Int32Array.of(0), undefined) : Effect.succeed(dataset.train.images),
    sideOf
  )

/**
 * EXIF orientations, and where the left half of the stored picture is seen; the middle of it is as bright as its edge.
 */
const orientations = [[1, "left"], [2, "right"], [3, "right"], [6, "top"], [8, "bottom"]] as const

const pixel = async (image: Promise<Buffer>) => ({
  ...await cats(),
  "train/cat/0.png": await image,
  "train/cat/0.jpg": await picture().jpeg().toBuffer()
})
const middle = (dataset: Loaded) =>
  Effect.map(
    "read" in dataset.train ? dataset.train.read(Int32Array.of(1), undefined) : Effect.succeed(dataset.train.images),
    (bytes) => [...bytes.subarray(0, 3)]
  )
const colour = (given: string, image: () => Promise<Buffer>, value: ReadonlyArray<number>): Row => ({
  area: "class folders",
  given,
  prepare: async (directory) => put(directory, await pixel(image())),
  value,
  run: (directory) => Effect.flatMap(fixtures.load(directory), middle),
  untouched: "everything"
})
/** A picture that no format makes small. */
const noise = () =>
  sharp(Uint8Array.from(Seed.uniforms(1, 99 * 99 * 3), (u) => 256 * u), { raw: { width: 99, height: 99, channels: 3 } })
const linked = (given: string, link: readonly [string, string], says: RegExp): Row => ({
  area: "class folders",
  given,
  prepare: async (directory) => {
    put(directory, await cats())
    symlinkSync(link[0], join(directory, link[1]))
  },
  says,
  run: (directory) => Effect.flatMap(fixtures.load(directory), fixtures.read),
  untouched: "everything"
})
const flat = (channels: 1 | 2 | 3 | 4, values: ReadonlyArray<number>, type: "uchar" | "ushort" = "uchar") => {
  const all = Array.from({ length: 64 }, () => values).flat()
  return sharp(type === "uchar" ? Uint8Array.from(all) : Uint16Array.from(all), {
    raw: { width: 8, height: 8, channels }
  })
}

const folderRows: ReadonlyArray<Row> = [
  refused("class folders", "test images in no class folder", async () => {
    const { "val/cat/0.jpg": _, "val/dog/0.jpg": __, ...files } = await cats()
    return { ...files, "val/1.JPEG": "x", "val/2.JPEG": "x" }
  }, /val is inconsistent: there are no images, but 2 files in no class folder: 1\.JPEG, 2\.JPEG/),
  refused(
    "class folders",
    "a name that would steer the terminal",
    withCats({ "train/cat/\u001b[31m\n.jpg": "x" }),
    "DIR/train/cat/\ufffd[31m\ufffd.jpg cannot be read as an image: Input buffer contains unsupported image format"
  ),
  readAs("class folders", "names of JavaScript's own", () => folders("__proto__", "constructor", "toString"), [
    3,
    "__proto__ constructor toString",
    "001122"
  ], classesOf),
  {
    area: "class folders",
    given: "images to be cut to no size",
    prepare: async (directory) => put(directory, await cats()),
    says: /its images cannot be cut to 0 pixels a side/,
    run: (directory) => Datasets.load(directory, 0),
    untouched: "everything"
  },
  readAs("class folders", "what systems leave in them", withCats(junk), [2, "cat dog", "0011"], classesOf),
  readAs("class folders", "what systems leave in them, told", withCats(junk), [
    "14 hidden or system entries are left out: #recycle, $RECYCLE.BIN, .DS_Store, .ipynb_checkpoints, @eaDir and 5 more"
  ], notesOf),
  readAs(
    "class folders",
    "other files beside and within",
    withCats({ "train/README.md": "x", "train/cat/a.txt": "x" }),
    [
      "2 files that are no JPEG or PNG of a class are left out: README.md, a.txt"
    ],
    notesOf
  ),
  readAs("class folders", "folders within", withCats({ "train/cat/more/0.jpg": "x" }), [
    "1 folder within a class folder is not read: more"
  ], notesOf),
  readAs(
    "class folders",
    "capital endings",
    async () => ({
      ...await cats(),
      "train/cat/A.JPG": await picture().jpeg().toBuffer(),
      "train/cat/B.Png": await picture().png().toBuffer()
    }),
    [2, "cat dog", "000011"],
    classesOf
  ),
  readAs(
    "class folders",
    "numbers as classes: in the order of their letters",
    () => folders("1", "2", "10"),
    "1 10 2",
    ({ classNames }) => classNames!.join(" ")
  ),
  readAs("class folders", "names that differ in case", () => folders("a", "A"), [
    "only the case of letters tells these classes apart: A, a"
  ], notesOf),
  refused(
    "class folders",
    "a class twice, in two ways of Unicode",
    () => folders("caf\u00e9", "cafe\u0301"),
    /the class café is there twice, written in two ways of Unicode/
  ),
  readAs(
    "class folders",
    "a class in two ways of Unicode, to train and to test",
    async () => {
      const files = await folders("caf\u00e9", "tea")
      return Object.fromEntries(
        Object.entries(files).map(([path, bytes]) => [path.startsWith("val") ? path.normalize("NFD") : path, bytes])
      )
    },
    [2, "caf\u00e9 tea", "0011"],
    classesOf
  ),
  refused(
    "class folders",
    "a class without training images",
    async () => {
      const { "train/dog/0.jpg": _, "train/dog/1.jpg": __, ...files } = await cats()
      return { ...files, "train/dog/a.bmp": "x" }
    },
    "The dataset in DIR/train is inconsistent: class dog has no images, but files that are no JPEG or PNG, as dog/a.bmp"
  ),
  refused(
    "class folders",
    "a class that is tested only",
    withCats({ "val/cow/0.jpg": "x" }),
    "The dataset in DIR/val is inconsistent: class cow is not among those to train on"
  ),
  refused(
    "class folders",
    "a class written otherwise in the test",
    async () => ({ ...await folders("Cat", "dog"), "val/cat/1.jpg": await picture().jpeg().toBuffer() }),
    /class cat is not among those to train on, but Cat is/
  ),
  readAs(
    "class folders",
    "a class that is not tested",
    async () => {
      const { "val/dog/0.jpg": _, ...files } = await cats()
      return files
    },
    ["1 of 2 classes has no test images: dog"],
    notesOf
  ),
  refused("class folders", "a single class", () => folders("cat"), /there is a single class, cat/),
  refused(
    "class folders",
    "no test folder",
    async () => ({ "train/cat/0.jpg": await picture().jpeg().toBuffer() }),
    /Beside the class folders in train there must be others in val, validation or test\.$/
  ),
  refused(
    "class folders",
    "an image of no bytes",
    withCats({ "train/cat/0.jpg": "" }),
    "The dataset in DIR/train is inconsistent: 1 image has no bytes: cat/0.jpg. Fetch or remove them."
  ),
  refused(
    "class folders",
    "a text that is called an image",
    withCats({ "train/cat/0.jpg": "hello" }),
    "DIR/train/cat/0.jpg cannot be read as an image: Input buffer contains unsupported image format"
  ),
  refused(
    "class folders",
    "a drawing that is called an image",
    withCats({ "train/cat/0.png": `<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>` }),
    "DIR/train/cat/0.png cannot be read as an image: it is svg, not JPEG or PNG"
  ),
  refused(
    "class folders",
    "an image that ends early",
    async () => ({ ...await cats(), "train/cat/0.jpg": (await noise().jpeg().toBuffer()).subarray(0, 4000) }),
    /^DIR\/train\/cat\/0\.jpg cannot be read as an image: .*$/
  ),
  refused("class folders", "a header that promises 4 billion pixels", async () => {
    const png = Buffer.from(await picture().png().toBuffer())
    png.writeUInt32BE(65_000, 16)
    png.writeUInt32BE(65_000, 20)
    png.writeUInt32BE(crc(png.subarray(12, 29)), 29)
    return { ...await cats(), "train/cat/0.png": png }
  }, "DIR/train/cat/0.png cannot be read as an image: its header promises more than 268402689 pixels"),
  {
    area: "class folders",
    given: "an image that may not be read",
    prepare: async (directory) => put(directory, await cats()),
    says: "DIR/train/cat/0.jpg cannot be read as an image: permission denied",
    run: (directory) => fixtures.forbidding("cat/0.jpg", Effect.flatMap(fixtures.load(directory), fixtures.read)),
    untouched: "everything"
  },
  {
    area: "class folders",
    given: "a class folder that may not be read",
    prepare: async (directory) => put(directory, await cats()),
    says: /^DIR\/train\/cat cannot be read \(permission denied\)\./,
    run: (directory) => fixtures.forbidding("train/cat", fixtures.load(directory)),
    untouched: "everything"
  },
  linked(
    "a link that leads nowhere",
    ["/nowhere/1.jpg", "train/cat/2.jpg"],
    /cat\/2\.jpg cannot be read \(it is a link that leads nowhere\)\. Make/
  ),
  linked(
    "a link that leads to itself",
    ["2.jpg", "train/cat/2.jpg"],
    /cat\/2\.jpg cannot be read \(its link leads in a circle\)\. Make/
  ),
  linked("a link to another class", ["cat", "train/kitten"], /the classes cat and kitten are one folder, by a link/),
  linked(
    "a link to the folder of classes",
    [".", "train/self"],
    /class self has no images, but further folders, which are not read, as self\/cat/
  ),
  ...orientations.map(([orientation, side]): Row => ({
    area: "EXIF",
    given: `orientation ${orientation}`,
    prepare: async (directory) => put(directory, await whiteSide(orientation)),
    value: expect.arrayContaining([side]),
    run: (directory) => Effect.flatMap(fixtures.load(directory), firstImage),
    untouched: "everything"
  })),
  {
    area: "EXIF",
    given: "orientation 6, images asked for as they are stored",
    prepare: async (directory) => put(directory, await whiteSide(6)),
    value: expect.arrayContaining(["left"]),
    run: (directory) =>
      Effect.flatMap(
        ImageFolder.open({ train: join(directory, "train"), test: join(directory, "val") }, 8, "stored"),
        firstImage
      ),
    untouched: "everything"
  },
  {
    area: "EXIF",
    given: "the two ways to read one folder, by their checksums",
    prepare: async (directory) => put(directory, await cats()),
    value: 2,
    run: (directory) => {
      const open = (orientation: ImageFolder.Orientation) =>
        ImageFolder.open({ train: join(directory, "train"), test: join(directory, "val") }, 8, orientation)
      return Effect.map(
        Effect.all([open("exif"), open("stored")]),
        (both) => new Set(both.map(({ checksum }) => checksum)).size
      )
    },
    untouched: "everything"
  },
  colour("an image in grey", () => flat(1, [90]).toColourspace("b-w").png().toBuffer(), [90, 90, 90]),
  colour(
    "an image of 16 bits",
    () => flat(3, [0x8000, 0x100, 0xffff], "ushort").toColourspace("rgb16").png().toBuffer(),
    [128, 1, 255]
  ),
  colour("an image that can be seen through", () => flat(4, [10, 20, 30, 128]).png().toBuffer(), [9, 19, 29]),
  colour("an image that cannot be seen at all", () => flat(4, [10, 20, 30, 0]).png().toBuffer(), [0, 0, 0]),
  colour("an image with a palette", () => flat(3, [0, 0, 255]).png({ palette: true }).toBuffer(), [0, 0, 255]),
  colour("an animation that is called an image", () => flat(3, [255, 0, 0]).gif().toBuffer(), [255, 0, 0]),
  readAs(
    "class folders",
    "an image in CMYK",
    async () => ({ ...await cats(), "train/cat/0.jpg": await picture().toColourspace("cmyk").jpeg().toBuffer() }),
    4,
    ({ train }) => train.count
  )
]

/** The checksum of PNG's chunks. */
const crc = (bytes: Uint8Array): number => {
  let remainder = -1
  for (const byte of bytes) {
    remainder ^= byte
    for (let bit = 0; bit < 8; bit++) remainder = remainder & 1 ? remainder >>> 1 ^ 0xedb88320 : remainder >>> 1
  }
  return ~remainder >>> 0
}

const split = { images: new Uint8Array(4 * 64), labels: Uint8Array.of(0, 1, 0, 1), count: 4 }
const blank = { name: "blank", classes: 2, height: 8, width: 8, channels: 1, train: split, test: split, checksum: "" }
const checked = (given: string, changes: Partial<Dataset.Dataset>, says: string): Row => ({
  area: "datasets of one's own",
  given,
  says: `The dataset blank cannot be trained on: ${says}`,
  run: () => Effect.fromResult(Dataset.check({ ...blank, ...changes }))
})
const foreign = (images: Float32Array | Float64Array) => ({ ...split, images }) as unknown as Dataset.Split

const ownRows: ReadonlyArray<Row> = [
  checked(
    "a label beyond the classes",
    { train: { ...split, labels: Uint8Array.of(0, 1, 2, 1) } },
    "training image 2 has label 2, but there are 2 classes, numbered from 0"
  ),
  checked(
    "a test label beyond the classes",
    { test: { ...split, labels: Uint8Array.of(0, 1, 0, 9) } },
    "test image 3 has label 9, but there are 2 classes, numbered from 0"
  ),
  checked(
    "a label of a half",
    { train: { ...split, labels: Float32Array.of(0, 0.5, 1, 1) as unknown as Uint8Array } },
    "training image 1 has label 0.5, but there are 2 classes, numbered from 0"
  ),
  checked(
    "too few labels",
    { train: { ...split, labels: Uint8Array.of(0, 1) } },
    "it has 4 training images, but 2 labels of them"
  ),
  checked(
    "too few pixels",
    { train: { ...split, images: new Uint8Array(100) } },
    "4 training images of 8×8×1 have 256 pixels, but there are 100"
  ),
  checked(
    "no images",
    { test: { images: new Uint8Array(0), labels: new Uint8Array(0), count: 0 } },
    "it has 0 test images"
  ),
  checked("a single class", { classes: 1 }, "it has a single class, and to tell classes apart takes two"),
  checked(
    "a pixel of NaN",
    { train: foreign(new Float32Array(256).fill(Number.NaN, 130)) },
    "training image 2 has a value of NaN"
  ),
  checked(
    "pixels from 0 to 1",
    { train: foreign(new Float64Array(256).fill(0.5)) },
    "training image 0 has a pixel of 0.5, but pixels are bytes, from 0 to 255, or floats in a Float32Array"
  ),
  checked(
    "a pixel of 256",
    { train: foreign(new Float64Array(256).fill(256, 64)) },
    "training image 1 has a pixel of 256, but pixels are bytes, from 0 to 255, or floats in a Float32Array"
  ),
  checked(
    "bytes as floats of 64 bits",
    { train: foreign(new Float64Array(256)) },
    "the pixels of its training images must be bytes, in a Uint8Array, or floats, in a Float32Array"
  ),
  checked("images of no height", { height: 0 }, "its images are 0×8×1"),
  checked(
    "one name for two classes",
    { classNames: ["a", "a"] },
    "2 classes need as many different names, but it has 1"
  ),
  checked(
    "a deviation of 0",
    { normalization: { mean: [0], deviation: [0] } },
    "its normalization must have a finite mean and a positive deviation for each of 1 channel"
  ),
  {
    area: "datasets of one's own",
    given: "a batch beyond the order",
    says: "a batch from 2 to 5 is not within the 4 images of its order",
    run: () => Batches.gather(split, Batches.epochOrder(4, 1, 1), 2, 5)
  },
  {
    area: "datasets of one's own",
    given: "an order of other images",
    says: "there is no image 7 among 4",
    run: () => Batches.gather(split, Int32Array.of(0, 7), 0, 2)
  },
  {
    area: "datasets of one's own",
    given: "images to augment of another size",
    says: "1 image of 4×4×1 cannot have 4 pixels",
    run: () =>
      Augment.cropFlip(
        { images: new Float32Array(4), labels: Int32Array.of(0) },
        { height: 4, width: 4, channels: 1 },
        1
      )
  },
  {
    area: "datasets of one's own",
    given: "a normalization by 0",
    says: /^means 1 and deviations 0 normalize no such images$/,
    run: () =>
      Augment.normalized({ images: new Float32Array(4), labels: Int32Array.of(0) }, { mean: [1], deviation: [0] })
  }
]

const training = (given: string, says: RegExp | string, changes: Partial<Trainer.TrainerOptions>): Row => ({
  area: "data and network",
  given,
  says,
  run: () =>
    Effect.gen(function*() {
      const dataset = changes.dataset ?? blank
      const network = yield* Network.make(Models.smallCnn({ ...dataset, filters: [2, 2, 2], seed: 1 }))
      const options = { dataset, epochs: 1, batchSize: 2, seed: 1, schedule: Schedule.constant(0.1), ...changes }
      return yield* Effect.flatMap(Trainer.make({ network, ...options }), ({ train }) => train(() => Effect.void))
    })
})
const sized = (side: number, count = 4) => {
  const own = { ...split, images: new Uint8Array(count * side * side), count, labels: new Uint8Array(count).fill(1, 1) }
  return { ...blank, height: side, width: side, train: own, test: own }
}
const taken = (given: string, options: Subset.SubsetOptions, says: string): Row => ({
  area: "parts of datasets",
  given,
  says,
  run: () => Subset.take(blank, options)
})

const trainingRows: ReadonlyArray<Row> = [
  {
    area: "parts of datasets",
    given: "an experiment with more test images than there are",
    value: ["cifar-10 has 20 test images, but 21 are asked for"],
    run: () =>
      Effect.flatMap(
        TrainConfig.decode({ dataset: "generated:cifar-10", testImages: 21 }, "a row"),
        (config) => preflight.problems([{ candidate: undefined, config }])
      )
  },
  training(
    "images smaller than a window",
    `Layer "pool2": its window does not fit into the 1×1×2 that it gets, of an image of 2×2×1: ` +
      "images must be larger, or the network shallower.",
    { dataset: sized(2) }
  ),
  training("a label beyond the classes", /training image 3 has label 200, but there are 2 classes/, {
    dataset: { ...blank, train: { ...split, labels: Uint8Array.of(0, 1, 0, 200) } }
  }),
  training("a batch of none", "A batch of 0 images: a whole number from 1 upwards is needed", { batchSize: 0 }),
  training("a batch of NaN", "A batch of NaN images: a whole number from 1 upwards is needed", {
    batchSize: Number.NaN
  }),
  {
    area: "data and network",
    given: "a batch of none, to evaluate",
    says: "A batch of 0 images: a whole number from 1 upwards is needed",
    run: () =>
      Effect.flatMap(
        Network.make(Models.smallCnn({ ...blank, filters: [2] })),
        (network) => Trainer.evaluate(network, blank, split, 0)
      )
  },
  {
    area: "data and network",
    given: "a split of other classes, to evaluate",
    says: "The dataset blank cannot be trained on: given image 0 has label 5, but there are 2 classes, numbered from 0",
    run: () =>
      Effect.flatMap(
        Network.make(Models.smallCnn({ ...blank, filters: [2] })),
        (network) => Trainer.evaluate(network, blank, { ...split, labels: Uint8Array.of(5, 0, 0, 0) }, 2)
      )
  },
  taken("more test images than there are", { testImages: 5 }, "blank has 4 test images, but 5 are asked for"),
  taken(
    "no test images",
    { testImages: 0 },
    "blank has 4 test images, but 0 cannot be asked for: a whole number from 1 upwards can"
  ),
  taken(
    "more training images than there are",
    { trainImages: 5 },
    "blank has 4 training images, but 5 are asked for, to train and to validate"
  ),
  taken(
    "nothing left to train on",
    { validationImages: 4 },
    "blank has 4 training images, but 5 are asked for, to train and to validate"
  ),
  taken(
    "half an image",
    { trainImages: 1.5 },
    "blank has 4 training images, but 1.5 cannot be asked for, to train and to validate: a whole number from 1 " +
      "upwards can"
  ),
  taken(
    "fewer than none",
    { validationImages: -1 },
    "blank has 4 training images, but -1 cannot be asked for, to train and to validate: a whole number from 1 " +
      "upwards can"
  ),
  {
    area: "parts of datasets",
    given: "a part that lacks a class",
    value: [expect.stringMatching(/^1 of 2 classes has no training images: [01]$/)],
    run: () =>
      Effect.map(Subset.take(sized(2), { trainImages: 1, validationImages: 1 }), ({ notes }) => notes!.slice(0, 1))
  },
  {
    area: "generated data",
    given: "a format that there is none of",
    says: "There are no generated images called generated:mnist. There are generated:cifar-10, generated:cifar-100, " +
      "generated:imagenet.",
    run: () => fixtures.load("generated:mnist")
  },
  {
    area: "generated data",
    given: "a temporary directory that is in the way",
    prepare: (directory) => mkdirSync(join(directory, "finegrain-generated", "cifar-10"), { recursive: true }),
    value: 100,
    run: (directory) => {
      const before = process.env["TMPDIR"]
      process.env["TMPDIR"] = directory
      return Effect.map(fixtures.load("generated:cifar-10"), ({ train }) => train.count).pipe(
        Effect.ensuring(Effect.sync(() => {
          if (before === undefined) delete process.env["TMPDIR"]
          else process.env["TMPDIR"] = before
        }))
      )
    },
    untouched: "everything"
  }
]

/** Datasets as they are found, on disk and in memory. */
export const rows: ReadonlyArray<Row> = [
  ...idxRows,
  ...gzipRows,
  ...labelRows,
  ...cifarRows,
  ...folderRows,
  ...ownRows,
  ...trainingRows
]
