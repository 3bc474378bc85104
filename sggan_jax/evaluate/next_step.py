"""The command that follows an assessment, by its verdict."""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sggan_jax.data.builders import SourceSpec
from sggan_jax.evaluate.verdict import Answer
from sggan_jax.runs.best import BEST_FILE

_TABLE = "cityscapes"


def choose_next(
    answer: Answer,
    adapted: str,
    source: str,
    real: SourceSpec,
    segmenter: str = "",
    record: Mapping[str, Any] | None = None,
) -> tuple[str, str]:
    """Choose what to do next.

    Args:
      answer: of the verdict.
      adapted: folder of the adapted data set.
      source: folder that it was adapted from.
      real: the real data set.
      segmenter: run of the segmentation network; empty for none.
      record: what made the adapted images, where that is known.

    Returns:
      The command, and what it is good for.
    """
    if answer == "unknown":
        given = _give_data(real.builder, real.path, real.table)
        return (
            _train(given, "runs/real_seg"),
            "a network trained on the real images; then this command again with "
            "--segmenter=runs/real_seg",
        )
    if answer == "no":
        run = str((record or {}).get("run", "RUN"))
        given = {"run": run, "input": source, "output": f"{adapted.rstrip('/')}_repaired"}
        given |= {"segmenter": segmenter} if segmenter else {}
        flags = [f"--{name}={value}" for name, value in given.items()]
        best = ["--step=best"] if (Path(run) / BEST_FILE).exists() else []
        return (
            shlex.join(["python", "-m", "launch.adapt", *flags, *best, "--repair"]),
            "images that fail the gate are brought back toward their source; "
            f"{Path(run) / 'index.html'} shows which measures moved in training",
        )
    own_table = Path(adapted) / "dataset.toml"
    given = _give_data("folder", adapted, str(own_table) if own_table.exists() else "")
    if (accepted := Path(adapted) / "accepted.txt").exists():
        given["virtual_list"] = str(accepted)
    return (
        _train(given, "runs/adapted_seg"),
        "a network trained on the adapted images; launch.evaluate --segmenter=runs/adapted_seg "
        "--real=PHOTOGRAPHS then tells what training on them is worth",
    )


def _give_data(builder: str, path: str, table: str) -> dict[str, str]:
    given = {"virtual": builder, "virtual_dir": path, "virtual_table": table}
    usual = {"virtual": "folder", "virtual_dir": "", "virtual_table": _TABLE}
    return {key: value for key, value in given.items() if value and value != usual[key]}


def _train(given: Mapping[str, str], workdir: str) -> str:
    flags = [f"--config.data.{key}={value}" for key, value in given.items()]
    command = ["python", "-m", "launch.train", "--config", "configs/segmenter.py:light"]
    return shlex.join([*command, "--workdir", workdir, *flags])
