// Plain JavaScript on purpose: it must run on the very Node versions it refuses.
const major = Number(process.versions.node.split(".")[0])
if (major < 24) {
  process.stderr.write(
    `finegrain needs Node 24 or newer, but this is Node ${process.versions.node}.\n` +
      "On Linux (x64, arm64) `npm ci` brings Node 24 along: run it, then start this through npm (npm start, " +
      "npm test).\nIf you did, optional dependencies were switched off (--omit=optional); elsewhere install Node 24 " +
      "from https://nodejs.org.\n"
  )
  process.exit(1)
}
