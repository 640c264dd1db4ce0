// Plain JavaScript on purpose: it must run on the very Node versions it refuses.
// What its scripts ask whether they are run themselves is there from 24.2 on.
if (import.meta.main === undefined) {
  process.stderr.write(
    `finegrain needs Node 24.2 or newer, but this is Node ${process.versions.node}.\n` +
      "On Linux (x64, arm64) `npm ci` brings Node 24 along: run it, then start this through npm (npm start, " +
      "npm test).\nIf you did, optional dependencies were switched off (--omit=optional); elsewhere install Node 24 " +
      "from https://nodejs.org.\n"
  )
  process.exit(1)
}
