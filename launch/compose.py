r"""Compose renderings anew from regions of labelled photographs, without training.

python -m launch.compose --virtual RENDERINGS --real PHOTOGRAPHS --output COMPOSED

Or take their colours alone: every class of an image gets those it has in one photograph, another
for each image. After adapting this gives images the photographs' many exposures:

    python -m launch.compose --take colours --virtual ADAPTED --real PHOTOGRAPHS --output LIT

Each is a folder with images/ and labels/ (Cityscapes ids). Other data sets are brought to one size
first:

    python -m launch.compose --virtual GTAV --virtual_builder gtav --real CITYSCAPES \
        --real_builder cityscapes --size 512x1024 --output COMPOSED
"""

import shlex
from pathlib import Path

from absl import flags

from launch import ACCEPT_LABELS, run
from sggan_jax.adapt.colour_transfer import transfer_colours
from sggan_jax.adapt.dataset import find_pairs, unpack_split
from sggan_jax.adapt.flow import tell
from sggan_jax.adapt.size import read_sides
from sggan_jax.data.alignment import check_aligned
from sggan_jax.data.builders import BUILDERS, SourceSpec
from sggan_jax.data.label_check import check_streets
from sggan_jax.data.labels import CITYSCAPES
from sggan_jax.types import InputError

_OUTPUT = flags.DEFINE_string("output", None, "Folder data set to write.", required=True)
_DOMAINS = {
    "virtual": flags.DEFINE_string("virtual", None, "Renderings to compose.", required=True),
    "real": flags.DEFINE_string("real", None, "Photographs to take regions of.", required=True),
}
_KINDS = {
    name: flags.DEFINE_enum(f"{name}_builder", "folder", list(BUILDERS), "Kind of that data set.")
    for name in _DOMAINS
}
_TAKE = flags.DEFINE_enum(
    "take",
    "regions",
    ["regions", "colours"],
    "What the photographs give: regions, or the colours of classes alone.",
)
_SIZE = flags.DEFINE_string(
    "size", "", "HEIGHTxWIDTH to bring both to first; folders stay as they are without."
)
_SEED = flags.DEFINE_integer("seed", 0, "Chooses the photographs.", lower_bound=0)
_LABEL_SET = flags.DEFINE_string(
    "label_set", "ten", "Classes that are told apart: ten, cityscapes19 or a file."
)
_DATA_DIR = flags.DEFINE_string("data_dir", "data", "With --size: directory of prepared data sets.")
_OVERWRITE = flags.DEFINE_bool("overwrite", False, "Replace images that are in --output already.")


def main(_: list[str]) -> int:
    """Compose, and say how to train on it; exit with status 1 when images could not be read."""
    kinds = {"regions": "regions", "colours": "photograph_statistics"}
    summary = transfer_colours(
        kinds[_TAKE.value],
        _bring("virtual"),
        _bring("real"),
        _OUTPUT.value,
        seed=_SEED.value,
        label_set=_LABEL_SET.value,
        overwrite=_OVERWRITE.value,
    )
    done = {"regions": "composed", "colours": "transferred colours to"}[_TAKE.value]
    status = tell(summary, done, "reading photographs")
    made, real = (shlex.quote(flag.value) for flag in (_OUTPUT, _DOMAINS["real"]))
    print(
        f"next: sggan train --config segmenter --config.data.virtual_dir={made} "
        f"--config.data.real={_KINDS['real'].value} --config.data.real_dir={real} "
        f"--config.seg.shares=0.5 --workdir RUN"
    )
    return status


def _bring(name: str) -> str | Path:
    """Return a domain's folder, its labels checked; at one size where that is asked for."""
    kind, folder = _KINDS[name].value, _DOMAINS[name].value
    if not _SIZE.value:
        if kind != "folder":
            raise InputError(f"--{name}_builder={kind} asks for --size=HEIGHTxWIDTH")
        pairs = [] if ACCEPT_LABELS.value else find_pairs(Path(folder))
        if pairs:  # what else is wrong with the folder, composing says
            check_streets(pairs, CITYSCAPES, folder)
            check_aligned(pairs, CITYSCAPES, folder)
        return folder
    spec = SourceSpec(kind, folder, accept_labels=ACCEPT_LABELS.value)
    return unpack_split(spec, _DATA_DIR.value, *read_sides(_SIZE.value), "train")


if __name__ == "__main__":
    run(main)
