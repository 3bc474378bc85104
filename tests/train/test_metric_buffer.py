"""The host stays one dispatch ahead of the device, and no more."""

import jax
import numpy as np

from sggan_jax.train.metric_buffer import MetricBuffer


def test_a_step_is_dispatched_before_the_one_before_it_is_waited_for(monkeypatch):
    told = []
    monkeypatch.setattr(jax, "block_until_ready", lambda x: told.append(f"wait {x['term'][0]:.0f}"))
    metrics = MetricBuffer(0, {})
    for step in range(1, 5):  # as the loop does
        told.append(f"dispatch {step}")
        metrics.add({"term": np.full(1, step, np.float32)})
    # While the device works on a step, the next lies in its queue with its batch.
    want = ["dispatch 1", "dispatch 2", "wait 1", "dispatch 3", "wait 2", "dispatch 4", "wait 3"]
    assert told == want


def test_nothing_is_read_from_the_device_until_it_is_logged(monkeypatch):
    read = []
    monkeypatch.setattr(jax, "device_get", lambda x: read.append(len(x)) or x)
    metrics = MetricBuffer(0, {})
    for _ in range(5):
        metrics.add({"term": np.ones(1, np.float32)})
    assert not read
    metrics.check()
    assert read == [5]
