#!/usr/bin/env bash
# Packs the archive for a machine with a GPU, unpacks it elsewhere, and runs its check there on software that plays one:
# without that it must refuse; with it what was found must name the adapter, and every part asked for must pass.
#   scripts/check-gpu-archive.sh [PART …]
set -euo pipefail
cd "$(dirname "$0")/.."
parts=()
for part in "${@:-laws}"; do parts+=(--only "$part"); done
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
scripts/pack-gpu.sh "$place/finegrain-gpu.tar.gz"
tar --extract --gzip --file "$place/finegrain-gpu.tar.gz" --directory "$place"
cd "$place/finegrain"
if npm run --silent check:gpu; then
  echo "software was taken for a GPU" >&2
  exit 1
fi
npm run --silent check:gpu -- --allow-software "${parts[@]}"
node -e '
  const { outcomes, small, usable } = JSON.parse(require("node:fs").readFileSync("gpu/gpu.json", "utf8"))
  const page = require("node:fs").readFileSync("gpu/gpu.html", "utf8")
  const wanted = Number(process.argv[1])
  if (!small || outcomes.length < wanted || outcomes.some(({ outcome }) => outcome !== "passed")) {
    throw new Error(`gpu.json tells of ${JSON.stringify(outcomes)}`)
  }
  if (!/llvmpipe|SwiftShader/i.test(usable[0].device) || !page.includes(usable[0].device)) {
    throw new Error("the adapter is not named")
  }
' "$((${#parts[@]} / 2))"
