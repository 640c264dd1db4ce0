#!/usr/bin/env bash
# Builds the engine `node` or `nodeGpu` into node_modules without the downloads of its install script: the addon whose
# sources @tensorflow/tfjs-node carries, linked against the C library of TensorFlow's own wheel. Needs python3 with pip,
# g++ and 3 GB of disk. The wheels are kept in $FINEGRAIN_CACHE, ~/.cache/finegrain without it.
#   scripts/libtensorflow.sh [node|nodeGpu] [version of TensorFlow, from 2.12 on]
set -euo pipefail
cd "$(dirname "$0")/.."

engine=${1:-node}
version=${2:-2.21.0}
case $engine in
  node) package=@tensorflow/tfjs-node wheel=tensorflow-cpu ;;
  nodeGpu) package=@tensorflow/tfjs-node-gpu wheel=tensorflow ;;
  *) echo "an engine is node or nodeGpu, not $engine" >&2 && exit 2 ;;
esac
for tool in python3 g++ npm npx; do
  command -v "$tool" >/dev/null || { echo "$tool is needed to build $engine" >&2 && exit 1; }
done

tfjs=$(npx node -p 'require("./package.json").peerDependencies["@tensorflow/tfjs-node"]')
kept=${FINEGRAIN_CACHE:-$HOME/.cache/finegrain}/libtensorflow/$wheel-$version
home=node_modules/$package
addon=$home/lib/napi-v8/tfjs_binding.node

# The C library and its headers. Before 2.12 wheels have it in a library that needs Python.
if ! [ -e "$kept/include/tensorflow/c/c_api.h" ]; then
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  platforms=()
  for glibc in 17 27 28; do platforms+=(--platform "manylinux_2_${glibc}_x86_64"); done
  python=3.12
  [[ $version =~ ^2\.1[2-5]\. ]] && python=3.10
  python3 -m pip download --quiet --no-deps --only-binary=:all: --python-version $python "${platforms[@]}" \
    --platform manylinux2014_x86_64 --dest "$work" "$wheel==$version"
  python3 - "$work" <<'PYTHON'
import glob, re, sys, zipfile
wanted = re.compile(r"tensorflow/(libtensorflow_(cc|framework)\.so\.2|include/(tensorflow/(c|core/platform)|tsl|xla/tsl)/)")
[wheel] = glob.glob(sys.argv[1] + "/*.whl")
with zipfile.ZipFile(wheel) as archive:
    archive.extractall(sys.argv[1], [name for name in archive.namelist() if wanted.match(name)])
PYTHON
  ls "$work"/tensorflow/libtensorflow_{cc,framework}.so.2 >/dev/null
  rm -rf "$kept" && mkdir -p "$kept/lib"
  mv "$work"/tensorflow/libtensorflow_*.so.2 "$kept/lib"
  ln -s libtensorflow_cc.so.2 "$kept/lib/libtensorflow.so"
  ln -s libtensorflow_framework.so.2 "$kept/lib/libtensorflow_framework.so"
  mv "$work/tensorflow/include" "$kept/include"
fi

# npm would remove what it finds installed beside package.json: oneDNN's binding is to stay where it is.
kept_packages=()
[ -d node_modules/koffi ] && kept_packages+=("koffi@$(npx node -p 'require("./node_modules/koffi/package.json").version')")
# Without --save-prod npm takes an optional peer for what need not be there.
npm install --no-save --save-prod --ignore-scripts --no-audit --no-fund "$package@$tfjs" "${kept_packages[@]}"
headers=$(npx node -p 'require("node:path").join(process.execPath, "../../include/node")')
[ -e "$headers/node_api.h" ] || { echo "Node's headers are not in $headers" >&2 && exit 1; }
mkdir -p "$(dirname "$addon")"
(cd "$home" && g++ -std=c++17 -O2 -fPIC -shared -DNAPI_VERSION=8 -I.. -I. -I"$kept/include" -I"$headers" \
  binding/tfjs_backend.cc binding/tfjs_binding.cc -o lib/napi-v8/tfjs_binding.node \
  -L"$kept/lib" -ltensorflow -ltensorflow_framework "-Wl,-rpath,$kept/lib")
echo "$engine is built on TensorFlow $version; try: npm run finegrain -- backends --check $engine"
