#!/bin/bash
# One process per host of a TPU slice; started again after exit code 75, or when it was killed.
#
#   launch/cluster/tpu.sh NAME ZONE --config=configs/sggan.py --workdir=/shared/runs/a
#
# The package must be installed on every host, and /shared be a file system that all of them mount.
set -u
name=$1 zone=$2
shift 2

while true; do
  gcloud compute tpus tpu-vm ssh "$name" --zone="$zone" --worker=all \
    --command="cd sggan_jax && python -m launch.train --coordinator=auto $(printf '%q ' "$@")"
  code=$?
  [[ $code -eq 75 || $code -ge 128 ]] || exit $code
done
