/** Refuses a Node that is too old. It comes first: what it refuses for fails while it is loaded. */
const major = Number(process.versions.node.split(".")[0])
if (major < 24) {
  process.stderr.write(
    `finegrain needs Node 24 or newer, but this is Node ${process.versions.node}. ` +
      "Install it from https://nodejs.org, or run `npm install node@24` and then `npx finegrain`.\n"
  )
  process.exit(1)
}
