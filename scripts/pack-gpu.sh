#!/usr/bin/env bash
# Packs this clone with its packages and Node into one archive for a machine with a GPU and without a network, where
#   tar xf finegrain-gpu.tar.gz && cd finegrain && npm run check:gpu
# needs nothing else; without npm there, its last word is
#   node_modules/.bin/node --conditions=finegrain:source scripts/check-gpu.ts
#   scripts/pack-gpu.sh [finegrain-gpu.tar.gz]
set -euo pipefail
cd "$(dirname "$0")/.."
archive=$(realpath "${1:-finegrain-gpu.tar.gz}")
[ -x node_modules/.bin/node ] || { echo "run npm ci first" >&2 && exit 1; }
exclude=()
for package in @dprint dprint @rolldown rolldown @oxlint oxlint @typescript typescript assemblyscript binaryen vitest \
  puppeteer-core; do
  exclude+=(--exclude="node_modules/$package")
done
git ls-files -z | tar --create --gzip --file "$archive" --transform 's,^,finegrain/,S' "${exclude[@]}" --null \
  --files-from - node_modules
du -h "$archive"
