"""Check and prepare data once, at the size to train at, and say what is in it.

Both domains of a training run, by the settings that it will be given:

    python -m launch.prepare_data --config configs/sggan.py:camvid \
        --config.data.virtual_dir=renderings --config.data.real_dir=photos

One data set (docs/data.md lists the builders and how each is laid out):

    python -m launch.prepare_data --builder gtav --source /data/gta --height 256 --width 512

``--check`` writes no data. The same command continues what was interrupted.
"""

import dataclasses
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from absl import app, flags
from ml_collections import config_flags
from rich.console import Console
from rich.table import Table

from launch import ACCEPT_LABELS, run
from sggan_jax.config import Config
from sggan_jax.data.builders import BUILDERS, SourceSpec
from sggan_jax.data.builders.chunks import count_cores
from sggan_jax.data.domains import check_data, domain_spec, domains_of
from sggan_jax.data.lists import COMPARE, TRAIN, draw_lists, write_lists
from sggan_jax.data.prepare import PreparedInfo, check, prepare, usable_pairs
from sggan_jax.data.statistics_page import write_statistics
from sggan_jax.types import InputError

_SPEC = SourceSpec("folder")
_SHOWN = 20

_CONFIG = config_flags.DEFINE_config_file(
    "config", None, "Configuration of the run to come: prepares both of its domains."
)
_BUILDER = flags.DEFINE_enum("builder", "folder", list(BUILDERS), "What kind of source to read.")
_SOURCE = flags.DEFINE_string(
    "source",
    "",
    "Directory to read. folder: images/, labels/ and name lists; others: the release, unpacked or "
    "as downloaded.",
)
_TABLE = flags.DEFINE_string(
    "table",
    _SPEC.table,
    "Classes of a folder's labels: a built-in table (docs/data.md) or the path of a .toml or "
    ".yaml file.",
)
_HEIGHT = flags.DEFINE_integer("height", 128, "Height to store, in pixels.", lower_bound=1)
_WIDTH = flags.DEFINE_integer("width", 256, "Width to store, in pixels.", lower_bound=1)
_DATA_DIR = flags.DEFINE_string("data_dir", "data", "Directory of all prepared data sets.")
_LOOK = flags.DEFINE_enum(
    "look", _SPEC.look, ["virtual", "real"], "toycity: which of its two looks to render."
)
_TRAIN = flags.DEFINE_integer("train", _SPEC.train, "toycity: number of training scenes.")
_TEST = flags.DEFINE_integer("test", _SPEC.test, "toycity: number of test scenes.")
_SEED = flags.DEFINE_integer("seed", _SPEC.seed, "toycity: which city to render.")
_CHECK = flags.DEFINE_bool("check", False, "Read and report, write no data.")
_REPORT = flags.DEFINE_string(
    "report",
    "",
    "Page of HTML to write; report.html in the data directory when empty, none when checking.",
)
_LISTS = flags.DEFINE_string(
    "lists", "", "With --config: directory for the paper's lists of names, drawn by config.seed."
)
_LIST_TRAIN = flags.DEFINE_integer("list_train", TRAIN, "Names of each domain to train on.")
_LIST_COMPARE = flags.DEFINE_integer("list_compare", COMPARE, "Names of each domain to compare.")
_WORKERS = flags.DEFINE_integer(
    "workers", 0, "Processes at most; 0 for as many as there are cores.", lower_bound=0
)


def main(argv: list[str]) -> None:
    """Prepare or check, print the summary, write the report.

    Raises:
        UsageError: A flag is missing, or two contradict each other.
        InputError: A source cannot be used.
    """
    if len(argv) > 1:
        raise app.UsageError(f"Give the directory as --source {argv[1]}.")
    if _CONFIG.value and _SOURCE.value:
        raise app.UsageError("Give either --config, for both domains of a run, or --source.")
    if _LISTS.value and not (_CONFIG.value and _CONFIG.value.data.real):
        raise app.UsageError("--lists needs --config with two domains.")
    infos = _of_run() if _CONFIG.value else [_of_source()]
    for info in infos:
        report(info, Console())
    place = _CONFIG.value.data.data_dir if _CONFIG.value else _DATA_DIR.value
    page = _REPORT.value or ("" if _CHECK.value else str(Path(place) / "report.html"))
    if page:
        command = shlex.join(["python", "-m", "launch.prepare_data", *sys.argv[1:]])
        write_statistics(page, infos, _title(infos), command)
        print(f"Report: {page}")
    if _LISTS.value:
        for path in write_lists(_draw(infos), _LISTS.value):
            print(f"List: {path}")


def _draw(infos: Sequence[PreparedInfo]) -> dict[str, list[str]]:
    split = _CONFIG.value.data.split
    for info in infos:
        if split not in info.surveys:
            raise InputError(f"{info.spec.path} has no split {split!r} to draw lists from.")
    virtual, real = ([pair.name for pair in usable_pairs(info, split)] for info in infos)
    return draw_lists(virtual, real, _CONFIG.value.seed, _LIST_TRAIN.value, _LIST_COMPARE.value)


def _of_run() -> list[PreparedInfo]:
    data = Config.from_dict(_CONFIG.value.to_dict()).data
    check_data(data)
    specs = [domain_spec(data, domain) for domain in domains_of(data)]
    if ACCEPT_LABELS.value:
        specs = [dataclasses.replace(spec, accept_labels=True) for spec in specs]
    return [_look_at(spec, data.data_dir, *data.stored_size) for spec in specs]


def _of_source() -> PreparedInfo:
    if _BUILDER.value != "toycity" and not _SOURCE.value:
        raise app.UsageError(f"Builder {_BUILDER.value} needs --source, the directory to read.")
    spec = SourceSpec(
        builder=_BUILDER.value,
        path=_SOURCE.value,
        table=_TABLE.value,
        look=_LOOK.value,
        train=_TRAIN.value,
        test=_TEST.value,
        seed=_SEED.value,
        accept_labels=ACCEPT_LABELS.value,
    )
    return _look_at(spec, _DATA_DIR.value, _HEIGHT.value, _WIDTH.value)


def _look_at(spec: SourceSpec, data_dir: str, height: int, width: int) -> PreparedInfo:
    workers = _WORKERS.value or count_cores()
    if _CHECK.value:
        return check(spec, height, width, workers=workers)
    return prepare(spec, data_dir, height, width, workers=workers)


def _title(infos: Sequence[PreparedInfo]) -> str:
    named = [Path(info.spec.path).name or f"toy city, {info.spec.look}" for info in infos]
    return f"Data: {' and '.join(named)}"


def report(info: PreparedInfo, console: Console) -> None:
    """Print splits, class shares and refused pairs."""
    table = Table(title=f"{info.spec.builder} at {info.height}x{info.width}", title_justify="left")
    table.add_column("class")
    for split, count in info.counts.items():
        table.add_column(f"{split} ({count})", justify="right")
    shares = {split: info.shares(split) for split in info.counts}
    names = dict.fromkeys(name for split in shares.values() for name in split)
    for name in names:
        table.add_row(name, *(_percent(split.get(name)) for split in shares.values()))
    console.print(table)
    if not info.labelled:
        console.print("The source has no labels/: every pixel has class id 0.")
    if info.refused:
        console.print(f"Refused {len(info.refused)}:")
        for name, reason in info.refused[:_SHOWN]:
            console.print(f"  {name}: {reason}", highlight=False, markup=False, soft_wrap=True)
    if len(info.refused) > _SHOWN:
        console.print(f"  and {len(info.refused) - _SHOWN} more, which the report lists.")
    if info.path is None:
        console.print("Checked; nothing was written.")
        return
    console.print("Already prepared in" if info.reused else "Prepared in", end=" ")
    console.print(str(info.path), highlight=False, markup=False, soft_wrap=True)


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.2%}"


if __name__ == "__main__":
    run(main)
