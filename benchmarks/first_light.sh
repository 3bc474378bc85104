#!/usr/bin/env bash
# For the first person with a GPU or a TPU: at most ten minutes, nothing is installed.
#
#   benchmarks/first_light.sh [--output FOLDER]
#
# Holds the device against the CPU, times a training step (beside PyTorch where that is installed),
# adapts images of 1024x2048, trains the toy city, and two processes where there are two GPUs.
# Writes FOLDER/first_light.json and FOLDER/first_light.md, made to be put into docs/results.md.
set -euo pipefail
cd "$(dirname "$0")/.."
for python in "${PYTHON:-}" .venv/bin/python .venv-*/bin/python python3; do
  if [ -n "$python" ] && "$python" -c "import jax" 2>/dev/null; then
    exec "$python" -m benchmarks.first_light "$@"
  fi
done
echo "no environment here has JAX; make one with: make demo EXTRA=cuda12" >&2
exit 2
