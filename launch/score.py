"""Score a trained segmentation network on labelled images: a table, and the same as JSON.

python -m launch.score --run runs/segmenter --dir photos --split test
"""

from sggan_jax.allocator import tune_allocator

tune_allocator()  # before jax is imported

import json  # noqa: E402
from pathlib import Path  # noqa: E402

from absl import flags  # noqa: E402

from launch import ACCEPT_LABELS, run  # noqa: E402
from sggan_jax.adapt.segmenter import load_segmenter  # noqa: E402
from sggan_jax.data.builders import BUILDERS, SourceSpec  # noqa: E402
from sggan_jax.data.domains import open_prepared  # noqa: E402
from sggan_jax.evaluate.segmentation import (  # noqa: E402
    describe_scores,
    format_scores,
    score_segmenter,
)
from sggan_jax.runs.description import read_run  # noqa: E402

_RUN = flags.DEFINE_string("run", None, "Run directory of a segmentation network.", required=True)
_DIR = flags.DEFINE_string("dir", "", "Directory of the labelled images; toycity has none.")
_SPLIT = flags.DEFINE_enum("split", "test", ["train", "val", "test"], "Images to score on.")
_BUILDER = flags.DEFINE_enum("builder", "folder", list(BUILDERS), "What kind of data set it is.")
_TABLE = flags.DEFINE_string("table", "cityscapes", "folder: classes of its labels.")
_LOOK = flags.DEFINE_enum("look", "real", ["virtual", "real"], "toycity: which of its two looks.")
_STEP = flags.DEFINE_integer("step", None, "Checkpoint to use; the newest when not given.")
_DATA_DIR = flags.DEFINE_string("data_dir", "data", "Directory of prepared data sets.")
_OUTPUT = flags.DEFINE_string("output", None, "JSON file; RUN/score_NAME_SPLIT.json by default.")


def main(_: list[str]) -> None:
    """Predict, count, print, write."""
    size = read_run(Path(_RUN.value)).size
    spec = SourceSpec(
        _BUILDER.value, _DIR.value, _TABLE.value, _LOOK.value, accept_labels=ACCEPT_LABELS.value
    )
    segmenter = load_segmenter(_RUN.value, _STEP.value)
    source = open_prepared(spec, _DATA_DIR.value, size, _SPLIT.value)
    confusion = score_segmenter(segmenter, source)
    print(
        f"{segmenter.run}, step {segmenter.step}, on {len(source)} images of {_SPLIT.value} at "
        f"{size[0]}x{size[1]}\n\n{format_scores(confusion, segmenter.names)}\n"
    )
    name = Path(spec.path).resolve().name if spec.path else f"{spec.builder}-{spec.look}"
    path = Path(_OUTPUT.value or segmenter.run / f"score_{name}_{_SPLIT.value}.json")
    record = {
        "run": str(segmenter.run),
        "step": segmenter.step,
        "data": spec.path or name,
        "split": _SPLIT.value,
        "images": len(source),
        "size": list(size),
    }
    path.write_text(
        json.dumps(record | describe_scores(confusion, segmenter.names), indent=1) + "\n",
        encoding="utf-8",
    )
    print(f"scores: {path}")


if __name__ == "__main__":
    run(main)
