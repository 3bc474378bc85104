"""Checkpoints of a run, and the file that makes its directory describe itself.

A run directory holds ``run.json`` (configuration, class groups, epoch length),
``checkpoints/STEP/``, ``metrics.jsonl``, ``events.jsonl`` (what befell the run), ``samples/`` and
``tensorboard/``; ``damaged/`` if a checkpoint had to be set aside. A checkpoint has separate
items, so that inference reads the generators alone:

* ``generators``: the networks that adapt images, their moving averages and running statistics;
* ``train``: the rest of the state;
* ``data``: position of the input pipeline; ``loop``: what the loop had not logged yet;
* ``checksums``: a checksum of every array and of ``data`` and ``loop``.
"""

from sggan_jax.train.checkpoint.keeper import Checkpoints, Saved
from sggan_jax.train.checkpoint.network import restore_network
from sggan_jax.train.checkpoint.run import (
    DIGEST,
    FREE,
    RUN_FILE,
    Run,
    check_run,
    digest_config,
    flatten,
    read_run,
    write_run,
)

__all__ = [
    "DIGEST",
    "FREE",
    "RUN_FILE",
    "Checkpoints",
    "Run",
    "Saved",
    "check_run",
    "digest_config",
    "flatten",
    "read_run",
    "restore_network",
    "write_run",
]
