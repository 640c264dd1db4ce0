/** What the classes of well-known datasets are called, in the order of their numbers. */
const between = (from: string, to: string): ReadonlyArray<string> =>
  Array.from(
    { length: to.charCodeAt(0) - from.charCodeAt(0) + 1 },
    (_, i) => String.fromCharCode(from.charCodeAt(0) + i)
  )

/** @internal */
export const digits = between("0", "9")

const [capitals, letters] = [between("A", "Z"), between("a", "z")]

/**
 * Source: Xiao, Rasul and Vollgraf 2017, *Fashion-MNIST*, table 2.
 *
 * @internal
 */
export const fashion: ReadonlyArray<string> = [
  "T-shirt/top",
  "Trouser",
  "Pullover",
  "Dress",
  "Coat",
  "Sandal",
  "Shirt",
  "Sneaker",
  "Bag",
  "Ankle boot"
]

/** Letters whose small form is a class of its own in EMNIST's balanced and by_merge. */
const apart = [..."abdefghnqrt"]

/**
 * The first label and the names of EMNIST's six datasets.
 *
 * Source: Cohen, Afshar, Tapson and van Schaik 2017, *EMNIST: an extension of MNIST to handwritten letters*, table II.
 *
 * @internal
 */
export const emnist: ReadonlyMap<string, { readonly first: number; readonly names: ReadonlyArray<string> }> = new Map([
  ["letters", { first: 1, names: capitals }],
  ["balanced", { first: 0, names: [...digits, ...capitals, ...apart] }],
  ["bymerge", { first: 0, names: [...digits, ...capitals, ...apart] }],
  ["byclass", { first: 0, names: [...digits, ...capitals, ...letters] }],
  ["digits", { first: 0, names: digits }],
  ["mnist", { first: 0, names: digits }]
])

/** @internal */
export const cifar10: ReadonlyArray<string> = "airplane automobile bird cat deer dog frog horse ship truck".split(" ")

/**
 * The fine classes.
 *
 * @internal
 */
export const cifar100: ReadonlyArray<string> = `
apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus butterfly camel can castle
caterpillar cattle chair chimpanzee clock cloud cockroach couch crab crocodile cup dinosaur dolphin elephant flatfish
forest fox girl hamster house kangaroo keyboard lamp lawn_mower leopard lion lizard lobster man maple_tree motorcycle
mountain mouse mushroom oak_tree orange orchid otter palm_tree pear pickup_truck pine_tree plain plate poppy porcupine
possum rabbit raccoon ray road rocket rose sea seal shark shrew skunk skyscraper snail snake spider squirrel streetcar
sunflower sweet_pepper table tank telephone television tiger tractor train trout tulip turtle wardrobe whale
willow_tree wolf woman worm`.trim().split(/\s+/)
