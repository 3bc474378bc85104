#!/bin/bash
# One process per GPU on a Slurm cluster; the same job goes on after pre-emption or the time limit.
#
#   sbatch launch/cluster/slurm.sh --config configs/sggan.py --workdir /shared/runs/a
#
# The directory must be one that all nodes see. Two minutes before the end every process is sent
# SIGTERM: the step is finished, a checkpoint written, and the job queued again.
#SBATCH --job-name=sggan
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=4
#SBATCH --gpus-per-node=4
#SBATCH --cpus-per-task=8
#SBATCH --time=24:00:00
#SBATCH --signal=TERM@120
#SBATCH --requeue
#SBATCH --open-mode=append

MOST_RESTARTS=50

srun python -m launch.train --coordinator=auto "$@"
code=$?

# 75: stopped by a signal, or by the end of another process. From 128 on: killed by the system.
if [[ $code -eq 75 || $code -ge 128 ]] && [[ ${SLURM_RESTART_COUNT:-0} -lt $MOST_RESTARTS ]]; then
  scontrol requeue "$SLURM_JOB_ID"
fi
exit $code
