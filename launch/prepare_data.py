"""Build a data set once, at the size to train at, and say what is in it.

A folder of your own (docs/data.md says how to lay it out):

    python -m launch.prepare_data --builder folder --source photos --height 128 --width 256

The built-in toy city, in each of its looks:

    python -m launch.prepare_data --builder toycity --look virtual --height 64 --width 128
"""

from absl import app, flags
from rich.console import Console
from rich.table import Table

from launch import run
from sggan_jax.data.builders import BUILDERS
from sggan_jax.data.prepare import PreparedInfo, SourceSpec, prepare

_SPEC = SourceSpec("folder")

_BUILDER = flags.DEFINE_enum("builder", "folder", list(BUILDERS), "What kind of source to read.")
_SOURCE = flags.DEFINE_string(
    "source",
    "",
    "Directory to read. folder: images/, labels/ and name lists; others: the unpacked release.",
)
_TABLE = flags.DEFINE_string(
    "table",
    _SPEC.table,
    "Classes of a folder's labels: cityscapes, gtav or the path of a .toml file.",
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


def main(argv: list[str]) -> None:
    """Prepare a data set, then print the summary.

    Raises:
        UsageError: A flag is missing.
        InputError: The source cannot be used.
    """
    if len(argv) > 1:
        raise app.UsageError(f"Give the directory as --source {argv[1]}.")
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
    )
    report(prepare(spec, _DATA_DIR.value, _HEIGHT.value, _WIDTH.value), Console())


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
        for name, reason in info.refused:
            console.print(f"  {name}: {reason}", highlight=False, markup=False, soft_wrap=True)
    console.print("Already prepared in" if info.reused else "Prepared in", end=" ")
    console.print(str(info.path), highlight=False, markup=False, soft_wrap=True)


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.2%}"


if __name__ == "__main__":
    run(main)
