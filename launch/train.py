"""Train a method, or continue a run: the same command does both.

python -m launch.train --config configs/sggan.py:toycity --workdir runs/demo
"""

from sggan_jax.allocator import tune_allocator

tune_allocator()  # before jax is imported

from absl import flags  # noqa: E402
from ml_collections import config_flags  # noqa: E402

from launch import run  # noqa: E402
from sggan_jax.train.loop import train  # noqa: E402
from sggan_jax.train.parallel import allow_virtual_devices  # noqa: E402

_CONFIG = config_flags.DEFINE_config_file(
    "config",
    "configs/sggan.py",
    "Configuration, FILE.py or FILE.py:NAME. Any key can be set as --config.KEY=VALUE; "
    "configs/common.py explains every key.",
)
_WORKDIR = flags.DEFINE_string(
    "workdir",
    None,
    "Run directory: checkpoints, samples, logs. Continued when it already holds this run.",
    required=True,
)


def main(_: list[str]) -> None:
    """Train."""
    allow_virtual_devices(_CONFIG.value.train.devices)
    train(_CONFIG.value.to_dict(), _WORKDIR.value)


if __name__ == "__main__":
    run(main)
