r"""Check and prepare data once, at the size to train at, and say what is in it.

Both domains of a training run, by the settings that it will be given:

    python -m launch.prepare_data --config configs/sggan.py:camvid \
        --config.data.virtual_dir=renderings --config.data.real_dir=photos

One data set (docs/data.md lists the builders and how each is laid out):

    python -m launch.prepare_data --builder gtav --source /data/gta --height 256 --width 512

``--check`` writes no data. The same command continues what was interrupted.
"""

from pathlib import Path

from absl import app, flags
from rich.console import Console

from launch import ACCEPT_LABELS, command, run
from launch.presets import define_config
from sggan_jax.config import Config
from sggan_jax.data.builders import BUILDERS, SourceSpec
from sggan_jax.data.lists import COMPARE, TRAIN
from sggan_jax.data.request import (
    How,
    prepare_domains,
    prepare_one,
    write_paper_lists,
    write_report,
)
from sggan_jax.data.summary import report

_SPEC = SourceSpec("folder")

_CONFIG = define_config(None, "Configuration of the run to come: prepares both of its domains.")
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
      UsageError: a flag is missing, or two contradict each other.
      InputError: a source cannot be used.
    """
    if len(argv) > 1:
        raise app.UsageError(f"Give the directory as --source {argv[1]}.")
    if _CONFIG.value and _SOURCE.value:
        raise app.UsageError("Give either --config, for both domains of a run, or --source.")
    if _LISTS.value and not (_CONFIG.value and _CONFIG.value.data.real):
        raise app.UsageError("--lists needs --config with two domains.")
    if not (_CONFIG.value or _SOURCE.value or _BUILDER.value == "toycity"):
        raise app.UsageError(f"Builder {_BUILDER.value} needs --source, the directory to read.")
    how = How(_WORKERS.value, _CHECK.value, ACCEPT_LABELS.value)
    config = Config.from_dict(_CONFIG.value.to_dict()) if _CONFIG.value else None
    if config is None:
        looks = _LOOK.value, _TRAIN.value, _TEST.value, _SEED.value
        spec = SourceSpec(_BUILDER.value, _SOURCE.value, _TABLE.value, *looks)
        infos = [prepare_one(spec, _DATA_DIR.value, (_HEIGHT.value, _WIDTH.value), how)]
    else:
        infos = prepare_domains(config, how)
    for info in infos:
        report(info, Console())
    place = config.data.data_dir if config else _DATA_DIR.value
    page = _REPORT.value or ("" if how.check else str(Path(place) / "report.html"))
    if page:
        write_report(page, infos, command("prepare_data"))
        print(f"Report: {page}")
    if config and _LISTS.value:
        count = _LIST_TRAIN.value, _LIST_COMPARE.value
        for path in write_paper_lists(infos, config, _LISTS.value, *count):
            print(f"List: {path}")


if __name__ == "__main__":
    run(main)
