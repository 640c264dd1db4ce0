/**
 * The arrows between the rooms, for `npm run check:arrows`: imports run downwards only and in no circle, those of types
 * included.
 */
import { existsSync, readFileSync } from "node:fs"

interface Place {
  readonly name: string
  /** A regular expression for the paths of its files. */
  readonly path: string
}

const folder = (path: string): Place => ({ name: path, path: `^${path}/` })

/** A rule as dependency-cruiser takes it, which checks its shape. */
interface Rule {
  readonly name: string
  readonly comment: string
  readonly severity: "error"
  readonly from: object
  readonly to: object
}

/** The rooms from bottom to top: what stands in one may import from its own and from those before it. */
const rooms = [
  "choices",
  "engine",
  "numerics",
  "geometry",
  "collections",
  "optimizer",
  "data",
  "network",
  "core",
  "training",
  "experiment",
  "report"
].map((room) => folder(`src/${room}`))

/** The public face, the only file in the root of src/. */
const face: Place = { name: "src/index.ts", path: "^src/index[.]ts$" }

/** All places from bottom to top. */
const places = [...rooms, face, folder("laws"), folder("browser"), folder("cli")]

/** What uses these, and is used by none of them. */
const outside = ["experiments", "test", "bench", "scripts"].map(folder)

const paths = (some: ReadonlyArray<Place>): Array<string> => some.map(({ path }) => path)

const downwards = places.map(({ name, path }, i): Rule => ({
  name: `downwards-only-from-${name}`,
  comment: "A contract that is needed below and fulfilled above stands below.",
  severity: "error",
  from: { path },
  to: { path: paths([...places.slice(i + 1), ...outside]) }
}))

/**
 * What the door of a room, its index.ts, hands out. Others import those files by themselves, not by the door, so that
 * nobody loads a whole room for one of them.
 */
const handedOut = (room: string): ReadonlyArray<string> | undefined => {
  const door = `${room}/index.ts`
  if (!existsSync(door)) return undefined
  const found = readFileSync(door, "utf8").matchAll(/ from "[.][/]([^"]+)"/g)
  return [door, ...[...found].map(([, file]) => `${room}/${file}`)]
}

const doors = rooms.flatMap(({ name, path }): ReadonlyArray<Rule> => {
  const files = handedOut(name)
  return files === undefined ? [] : [{
    name: `by-the-door-of-${name}`,
    comment: `What other rooms import of ${name} stands in its index.ts; the rest is private.`,
    severity: "error",
    from: { path: "^(src|laws|browser|cli)/", pathNot: [path] },
    to: { path, pathNot: [`^(${files.join("|").replaceAll(".", "[.]")})$`] }
  }]
})

/** Neither importing, nor imported, nor alone. */
const homeless = { path: "^src/", pathNot: paths([...rooms, face]) }

const inRooms = [
  { from: homeless, to: {} },
  { from: {}, to: homeless },
  { from: { ...homeless, orphan: true }, to: {} }
].map(({ from, to }): Rule => ({
  name: "in-a-room",
  comment: "Every file of src/ but index.ts stands in a room of the list above.",
  severity: "error",
  from,
  to
}))

export default {
  forbidden: [
    ...downwards,
    ...doors,
    ...inRooms,
    {
      name: "no-circle",
      comment: "What two files share stands in a file of its own.",
      severity: "error",
      from: {},
      to: { circular: true }
    },
    {
      name: "known",
      comment: "An arrow of which nobody knows where it ends could run upwards.",
      severity: "error",
      from: {},
      to: { couldNotResolve: true }
    }
  ],
  options: {
    // It reads imports of types, too; no version of TypeScript after 6 can be read with yet.
    parser: "swc",
    moduleSystems: ["es6"],
    doNotFollow: { path: "node_modules" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["finegrain:source", "import", "types", "node", "default"]
    }
  }
}
