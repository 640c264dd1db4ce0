/** What is learned: datasets, and how many of their images. */
import * as Schema from "effect/Schema"
import * as Catalogue from "../../choices/Catalogue.ts"
import * as Setting from "../../choices/Setting.ts"
import * as Datasets from "../../data/Datasets.ts"
import type { Catalogues } from "../Catalogues.ts"
import { anyKind } from "../doors/kinds.ts"

const { count, orDefault } = Setting

export const dataSettings = (known: Catalogues) => ({
  use: Schema.optionalKey(Schema.Array(Schema.NonEmptyString)).annotate({
    description: `modules with ${anyKind} of your own`
  }),
  dataset: orDefault(Schema.NonEmptyString, "mnist").annotate({
    description:
      `${Catalogue.help(known.datasets)}; or a directory: four IDX files, the binary version of CIFAR-10 or ` +
      "CIFAR-100, class folders of images, train/CLASS/*.JPEG and val/CLASS/*.JPEG, arrays x_train, y_train, x_test " +
      "and y_test as .npy files, or train.csv and test.csv; or such arrays in FILE.npz; of several datasets in one " +
      "directory, DIR/emnist-letters are the files whose names begin so"
  }),
  ...Datasets.parameters,
  ...Catalogue.parameters(known.datasets),
  trainImages: Schema.optionalKey(count).annotate({
    description: "so many training images instead of all; the same ones whatever the seed"
  }),
  testImages: Schema.optionalKey(count).annotate({
    description: "so many test images instead of all; the same ones whatever the seed"
  }),
  validationImages: Schema.optionalKey(count).annotate({
    description:
      "test on so many held-out training images instead of the test set, to choose hyperparameters by; the " +
      "same ones whatever the seed"
  }),
  labelNoise: Schema.optionalKey(Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 }))).annotate({
    description:
      "the labels of this share of the training images are drawn anew, uniformly from all classes, the right one " +
      "among them, by the seed; held-out and test images keep theirs (default 0)"
  })
})
