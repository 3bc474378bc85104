"""Every test runs with strict types and ranks, several CPU devices and warnings as errors."""

import os
import struct
import tempfile
import zlib

os.environ.setdefault("JAX_PLATFORMS", "cpu")

import jax
import numpy as np
import pytest

from configs import common

jax.config.update("jax_num_cpu_devices", 4)
jax.config.update("jax_numpy_rank_promotion", "raise")
jax.config.update("jax_numpy_dtype_promotion", "strict")

# Most of a training test is compilation, and many tests compile the same step.
kept = os.environ.get("JAX_COMPILATION_CACHE_DIR")
jax.config.update("jax_compilation_cache_dir", kept or tempfile.mkdtemp(prefix="sggan_jax_tests_"))
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.5)

TINY = {
    "data.height": 16,
    "data.width": 32,
    "data.toycity_train": 6,
    "data.toycity_test": 2,
    "nets.width": 2,
    "nets.levels": 2,
    "nets.dropout": 0.5,
    "nets.dis_width": 2,
    "nets.dis_downsamplings": 1,
    "loss.grad_hard_epochs": 0.5,
    "train.steps": 8,
    "train.pool_size": 3,
    "train.ema": 0.9,
    "train.devices": 1,
    "train.log_every": 2,
    "train.sample_every": 4,
    "train.sample_count": 2,
    "train.checkpoint_every": 4,
}


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    """Return a function from changed keys (a.b=1 as a__b=1) to a configuration of seconds."""
    data_dir = str(tmp_path_factory.mktemp("prepared"))

    def make(**changes):
        config = common.get_config()
        config.update_from_flattened_dict(TINY | {"data.data_dir": data_dir})
        config.update_from_flattened_dict({k.replace("__", "."): v for k, v in changes.items()})
        return config.to_dict()

    return make


@pytest.fixture
def write_png():
    """Write a PNG of any kind by hand: greys of a few bits, 16 bits per channel."""

    def write(path, array, bits):
        """Write [H, W] or [H, W, C], C of 1 to 4, with 1, 2, 4 or 16 bits per channel."""
        array = array if array.ndim == 3 else array[..., None]
        height, width, channels = array.shape
        if bits == 16:
            rows = [row.astype(">u2").tobytes() for row in array]
        else:
            flat = array.reshape(height, -1, 1).astype(np.uint8)
            rows = [np.packbits(np.unpackbits(row, axis=1)[:, -bits:]).tobytes() for row in flat]
        kind = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
        parts = (
            (b"IHDR", struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, 0)),
            (b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows))),
            (b"IEND", b""),
        )
        chunks = [
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
            for name, data in parts
        ]
        path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunks))
        return path

    return write
