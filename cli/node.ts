/** Refuses a Node that is too old. It stands alone: whatever else is loaded fails there, in words of its own. */
const oldest = [22, 19] as const
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number)
if (major < oldest[0] || (major === oldest[0] && minor < oldest[1])) {
  process.stderr.write(
    `finegrain needs Node ${oldest.join(".")} or newer, but this is Node ${process.versions.node}. ` +
      "Install it from https://nodejs.org, or run `npm install node@24` and then `npx finegrain`.\n"
  )
  process.exit(1)
}
