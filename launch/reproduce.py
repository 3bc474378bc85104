"""Train every system of the paper on one pair of data sets and write the table of their scores.

The built-in toy city, then your own data (configs/ladder.py lists them):

    python -m launch.reproduce --config configs/ladder.py:toycity --workdir runs/ladder
    python -m launch.reproduce --config configs/ladder.py:camvid --workdir runs/camvid \
        --config.data.virtual_dir=RENDERINGS --config.data.real_dir=CAMVID

The same command continues where it stopped; what is finished is not run again.
"""

from sggan_jax.allocator import tune_allocator

tune_allocator()  # before jax is imported

import shlex  # noqa: E402
import sys  # noqa: E402
from pathlib import Path  # noqa: E402

from absl import flags  # noqa: E402
from ml_collections import config_flags  # noqa: E402

from launch import run  # noqa: E402
from sggan_jax.reproduce.climb import climb  # noqa: E402
from sggan_jax.reproduce.picture import draw_ladder  # noqa: E402
from sggan_jax.reproduce.results import write_results  # noqa: E402
from sggan_jax.reproduce.rung import read_rungs  # noqa: E402
from sggan_jax.reproduce.table import format_classes, format_results  # noqa: E402
from sggan_jax.reproduce.work import Ladder  # noqa: E402
from sggan_jax.train.parallel import keep_compiled  # noqa: E402

_CONFIG = config_flags.DEFINE_config_file(
    "config",
    "configs/ladder.py",
    "Configuration, FILE.py or FILE.py:NAME. Any key can be set as --config.KEY=VALUE.",
)
_WORKDIR = flags.DEFINE_string("workdir", None, "Directory of all runs and results.", required=True)
_ONLY = flags.DEFINE_list("only", [], "Rungs to work on, separated by commas; all when not given.")


def main(_: list[str]) -> int:
    """Climb, then write results.json, results.md and ladder.png; exit with 1 if a rung failed."""
    config = _CONFIG.value.to_dict()
    ladder = Ladder(config, read_rungs(config), _WORKDIR.value)
    keep_compiled(ladder.paths.root / "compiled")
    failed = climb(ladder, tuple(_ONLY.value))
    command = shlex.join(["python", "-m", "launch.reproduce", *sys.argv[1:]])
    results = write_results(ladder, failed, command)
    text = "".join(
        f"### {split}\n\n{format_results(results, split)}\n{format_classes(results, split)}\n"
        for split in config["splits"]
    )
    path = Path(_WORKDIR.value) / "results.md"
    path.write_text(text, encoding="utf-8")
    print(f"\n{text}\ntable: {path}\npicture: {draw_ladder(ladder)}")
    return 1 if failed else 0


if __name__ == "__main__":
    run(main)
