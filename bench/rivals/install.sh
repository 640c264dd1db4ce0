#!/usr/bin/env bash
# Installs what `npm run bench:rivals` sets beside this library: PyTorch, geoopt, JAX and optax as of today, in a virtual
# environment of their own, $FINEGRAIN_CACHE/rivals (~/.cache/finegrain/rivals without it); and the engines that it
# measures beside wasm's own kernels: `node` and oneDNN's binding. Needs python3 with venv, g++ and 8 GB of disk, since
# PyPI's PyTorch brings CUDA; PyTorch's own index has a smaller one, which is taken where it can be reached.
set -euo pipefail
cd "$(dirname "$0")/../.."

home=${FINEGRAIN_CACHE:-$HOME/.cache/finegrain}/rivals
[ -x "$home/bin/pip" ] || python3 -m venv "$home"
index=https://download.pytorch.org/whl/cpu
if ! "$home/bin/python" -c 'import torch' 2>/dev/null; then
  if curl --silent --fail --head --max-time 20 "$index/torch/" >/dev/null; then
    "$home/bin/pip" install --quiet --index-url "$index" torch
  else
    "$home/bin/pip" install --quiet torch
  fi
fi
"$home/bin/pip" install --quiet geoopt jax optax
npm install --no-save --save-prod --ignore-scripts --no-audit --no-fund \
  "koffi@$(npx node -p 'require("./package.json").peerDependencies.koffi')"
scripts/libtensorflow.sh node
"$home/bin/python" -c 'import torch, geoopt, jax, optax; print("torch", torch.__version__, "geoopt", geoopt.__version__,
  "jax", jax.__version__, "optax", optax.__version__)'
