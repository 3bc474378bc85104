"""Run directories: what they hold, whoever wrote them; known to training and to inference alike.

``run.json`` describes a run's networks, so that one is built from it alone. ``checkpoints/STEP/``
has separate items:

* ``generators``: the networks that adapt, their moving averages and running statistics;
* ``train``: the rest of the training state;
* ``data``: position of the input pipeline; ``loop``: what training had not logged yet;
* ``checksums``: of every array and of ``data`` and ``loop``.

Inference reads ``run.json`` and ``generators``. An imported or slim run has no other items.
``metrics.jsonl``, ``events.jsonl``, ``samples/`` and ``tensorboard/`` are training's, and
``damaged/`` if a checkpoint had to be set aside.
"""
