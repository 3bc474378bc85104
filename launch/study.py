"""Ask people which of two adapted images looks more realistic, and count what they say.

Make the pages from folders of adapted images with the same names, or from data sets that
launch.adapt wrote, first method against each other:

    python -m launch.study make --images sggan=DIR,cyclegan=DIR --output study

Open ``study/site/index.html?participant=1``, or put ``study/site`` on any web server and give every
participant a number of their own. Nothing is sent anywhere: each saves a file. Then:

    python -m launch.study count --output study --answers FOLDER_OF_SAVED_FILES
"""

from pathlib import Path

from absl import flags

from launch import run
from sggan_jax.study.plan import choose_pairs, plan_study
from sggan_jax.study.site import find_scenes, write_site
from sggan_jax.study.tally import format_tally, tally
from sggan_jax.types import InputError

_IMAGES = flags.DEFINE_list("images", [], "make: METHOD=FOLDER of each method, by commas.")
_OUTPUT = flags.DEFINE_string("output", None, "Directory of the study.", required=True)
_SCENES = flags.DEFINE_integer("scenes", 500, "make: images to draw; all with 0.", lower_bound=0)
_PARTICIPANTS = flags.DEFINE_integer("participants", 20, "make: how many people are asked.")
_QUESTIONS = flags.DEFINE_integer("questions", 50, "make: pairs for each participant.")
_CHECKS = flags.DEFINE_integer("checks", 5, "make: further pairs with an obvious answer.")
_REPEATS = flags.DEFINE_integer("repeats", 5, "make: pairs shown again at the end, sides swapped.")
_ALL_PAIRS = flags.DEFINE_bool("all_pairs", False, "make: compare every two methods.")
_SEED = flags.DEFINE_integer("seed", 0, "make: of order and sides.")
_ANSWERS = flags.DEFINE_string("answers", None, "count: folder of the files participants saved.")
_MIN_CHECKS = flags.DEFINE_float(
    "min_checks", 0.8, "count: leave out who passed a smaller share of the checks."
)


def main(argv: list[str]) -> None:
    """Make or count."""
    actions = {"make": make, "count": count}
    if len(argv) != 2 or argv[1] not in actions:
        raise InputError("say what to do: launch.study make ..., or launch.study count ...")
    actions[argv[1]](Path(_OUTPUT.value))


def make(output: Path) -> None:
    """Write the pages."""
    folders = read_folders(_IMAGES.value)
    scenes = find_scenes(folders, _SCENES.value, _SEED.value)
    plan = plan_study(
        choose_pairs(list(folders), _ALL_PAIRS.value),
        scenes,
        _PARTICIPANTS.value,
        _QUESTIONS.value,
        _CHECKS.value,
        _REPEATS.value,
        _SEED.value,
    )
    page = write_site(output, folders, plan, _SEED.value)
    print(f"{len(plan)} participants, {len(plan[0])} pairs each\npage: {page}?participant=NUMBER")


def count(output: Path) -> None:
    """Print what was answered, and write it beside the study."""
    if _ANSWERS.value is None:
        raise InputError("--answers is missing: the folder of the files that participants saved")
    files = sorted(Path(_ANSWERS.value).glob("*.json"))
    if not files:
        raise InputError(f"{_ANSWERS.value} holds no .json file of answers")
    text = format_tally(tally(output, files, _MIN_CHECKS.value))
    (output / "results.md").write_text(text, encoding="utf-8")
    print(text)


def read_folders(given: list[str]) -> dict[str, Path]:
    """Read METHOD=FOLDER, refusing what is none or comes twice."""
    folders: dict[str, Path] = {}
    for entry in given:
        method, is_given, folder = entry.partition("=")
        if not is_given or not method or method in folders:
            raise InputError(f"--images: {entry!r}: give METHOD=FOLDER, each method once")
        folders[method] = Path(folder)
    return folders


if __name__ == "__main__":
    run(main)
