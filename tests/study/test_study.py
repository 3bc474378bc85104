"""The A/B study: who is asked what, what the pages give away, how answers are counted."""

import json
import shutil
import subprocess
import sys
from collections import Counter
from math import comb, sqrt

import numpy as np
import pytest
from PIL import Image

from sggan_jax.study.plan import SPOILED, choose_pairs, plan_study
from sggan_jax.study.site import find_scenes, spoil_image, write_site
from sggan_jax.study.tally import format_tally, tally
from sggan_jax.types import InputError

PAIRS = [("ours", "theirs"), ("ours", "plain")]
SCENES = [f"scene{k}" for k in range(6)]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root, rng = tmp_path_factory.mktemp("images"), np.random.default_rng(0)
    methods = {"ours": ".png", "theirs": ".jpg", "plain": ".png"}
    for method, suffix in methods.items():
        (root / method).mkdir()
        for scene in SCENES:
            image = rng.integers(0, 256, (8, 12, 3), np.uint8)
            Image.fromarray(image).save(root / method / (scene + suffix))
    return {method: root / method for method in methods}


@pytest.fixture(scope="module")
def study(folders, tmp_path_factory):
    plan = plan_study(PAIRS, SCENES, participants=4, questions=6, checks=2, repeats=3, seed=1)
    output = tmp_path_factory.mktemp("study") / "new"
    write_site(output, folders, plan, seed=1)
    return output, plan


def save_answers(folder, study, plan, choose, participants=None):
    """Write what participants save, each answer chosen by ``choose(participant, question)``."""
    folder.mkdir()
    key = json.loads((study / "key.json").read_text())
    for number in participants or range(1, len(plan) + 1):
        answers = [{"choice": choose(number, q), "milliseconds": 900} for q in plan[number - 1]]
        record = {"study": key["id"], "participant": number, "answers": answers}
        (folder / f"answers_{number}.json").write_text(json.dumps(record))
    return sorted(folder.glob("*.json"))


def side(question, method):
    return "left" if question.left == method else "right"


def test_pairs_of_table_1_and_all():
    assert choose_pairs(["ours", "theirs", "plain"]) == PAIRS
    assert choose_pairs(["a", "b", "c"], every=True) == [("a", "b"), ("a", "c"), ("b", "c")]


def test_everything_is_asked_equally_often_on_both_sides():
    plan = plan_study(PAIRS, SCENES, participants=8, questions=6, seed=3)
    asked = Counter((q.scene, *sorted((q.left, q.right))) for own in plan for q in own)
    assert set(asked.values()) == {4}  # 8 participants of 6 questions, 12 pairs of images
    assert len(asked) == 12
    left = Counter((q.scene, q.left, q.right) for own in plan for q in own)
    assert set(left.values()) == {2}
    for own in plan:
        assert len({(q.scene, frozenset((q.left, q.right))) for q in own}) == 6


def test_a_plan_is_drawn_from_its_seed():
    plans = [plan_study(PAIRS, SCENES, 2, 5, 1, 1, seed) for seed in (0, 0, 1)]
    assert plans[0] == plans[1] != plans[2]


def test_checks_and_repeats():
    (own,) = plan_study(PAIRS, SCENES, 1, 6, checks=4, repeats=3, seed=0)
    assert Counter(q.kind for q in own) == {"test": 6, "check": 4, "repeat": 3}
    assert all((SPOILED in (q.left, q.right)) == (q.kind == "check") for q in own)
    tests = {(q.scene, q.left, q.right) for q in own if q.kind == "test"}
    repeats = [q for q in own if q.kind == "repeat"]
    assert own[-3:] == repeats
    assert all((q.scene, q.right, q.left) in tests for q in repeats)


@pytest.mark.parametrize(
    ("numbers", "told"),
    [
        ((0, 5, 0, 0), "at least one participant"),
        ((2, 13, 0, 0), "only 12 pairs of images"),
        ((2, 5, 0, 6), "6 repeats of 5 questions"),
    ],
)
def test_a_plan_that_cannot_be(numbers, told):
    with pytest.raises(InputError, match=told):
        plan_study(PAIRS, SCENES, *numbers)


def test_scenes_that_all_have(folders, tmp_path):
    assert find_scenes(folders) == SCENES
    assert find_scenes(folders, 4, seed=2) == find_scenes(folders, 4, seed=2)
    assert len(find_scenes(folders, 4)) == 4
    with pytest.raises(InputError, match=r"7 images are needed .* only 6"):
        find_scenes(folders, 7)
    with pytest.raises(InputError, match="two methods"):
        find_scenes({"ours": folders["ours"]})


def test_the_pages_do_not_tell_which_is_which(study, folders):
    output, plan = study
    site = output / "site"
    text = "".join(p.read_text("utf-8") for p in site.iterdir() if p.is_file())
    for word in ("ours", "theirs", "plain", SPOILED, "scene0"):
        assert word not in text
    shown = {(m, q.scene) for own in plan for q in own for m in (q.left, q.right)}
    assert {p.name for p in (site / "images").iterdir()} == {f"{k}.png" for k in range(len(shown))}
    code = (site / "study.js").read_text("utf-8")
    rows = json.loads(code.removeprefix("const STUDY = ").rstrip(";\n"))["plan"]
    question = next(q for q in plan[2] if q.kind == "test")
    left, _ = rows[2][plan[2].index(question)]
    path = next(folders[question.left].glob(question.scene + ".*"))
    np.testing.assert_array_equal(Image.open(site / "images" / f"{left}.png"), Image.open(path))


def test_a_study_is_not_written_over(study, folders):
    output, plan = study
    with pytest.raises(InputError, match="already holds a study"):
        write_site(output, folders, plan)


def test_images_of_two_sizes(folders, tmp_path):
    (tmp_path / "other").mkdir()
    Image.new("RGB", (6, 4)).save(tmp_path / "other" / "scene0.png")
    both = {"ours": folders["ours"], "other": tmp_path / "other"}
    plan = plan_study([("ours", "other")], ["scene0"], 1, 1)
    with pytest.raises(InputError, match="adapt all at one size"):
        write_site(tmp_path / "study", both, plan)


def test_of_data_sets_the_images_are_shown_and_nothing_else(folders, tmp_path):
    """As launch.adapt writes them: label maps, a sheet and a page lie beside the images."""
    data_set = tmp_path / "adapted"
    shutil.copytree(folders["theirs"], data_set / "images" / "sub")
    shutil.copytree(folders["theirs"], data_set / "images", dirs_exist_ok=True)
    for scene in SCENES:
        (data_set / "labels").mkdir(exist_ok=True)
        Image.new("L", (12, 8), 7).save(data_set / "labels" / f"{scene}.png")
    Image.new("RGB", (30, 20)).save(data_set / "contact_sheet.jpg")
    both = {"ours": folders["ours"], "theirs": data_set}
    assert find_scenes(both) == SCENES
    assert len(find_scenes({"a": data_set, "b": data_set})) == 2 * len(SCENES)
    plan = plan_study([("ours", "theirs")], SCENES, 1, 6)
    write_site(tmp_path / "study", both, plan)
    written = {p.read_bytes() for p in (tmp_path / "study/site/images").iterdir()}
    assert len(written) == 2 * len(SCENES)  # none is a label map, which are all alike


def test_spoiled_is_worse():
    image = np.zeros((40, 80, 3), np.uint8)
    image[:, 40:] = 255
    spoiled = spoil_image(image)
    assert spoiled[20, 5, 0] == 255
    assert spoiled[20, 75, 0] == 0
    assert len(np.unique(spoiled)) > 2


def test_counts_and_intervals(study, tmp_path):
    """Participants prefer ours to theirs, but number 2 prefers theirs; plain always wins."""

    def choose(number, q):
        methods = {q.left, q.right}
        if SPOILED in methods:
            return side(q, (methods - {SPOILED}).pop())
        return side(q, "plain" if "plain" in methods else "theirs" if number == 2 else "ours")

    output, plan = study
    result = tally(output, save_answers(tmp_path / "saved", output, plan, choose))
    assert result.participants == [1, 2, 3, 4]
    assert result.consistent == 1
    first, second = result.preferences
    own = [
        sum({q.left, q.right} == {"ours", "theirs"} and q.kind == "test" for q in p) for p in plan
    ]
    n, wins = sum(own), sum(own) - own[1]
    assert (first.a, first.b, first.answers, first.wins) == ("ours", "theirs", n, wins)
    assert (second.wins, second.fraction) == (0, 0)
    assert second.p_value == pytest.approx(2 * 0.5**second.answers)
    # Wilson's interval and the binomial test, by their definitions.
    z, share = 1.959963984540054, wins / n
    centre, half = share + z**2 / (2 * n), z * sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    assert first.low == pytest.approx((centre - half) / (1 + z**2 / n))
    assert first.high == pytest.approx((centre + half) / (1 + z**2 / n))
    shares = [comb(n, k) / 2**n for k in range(n + 1)]
    assert first.p_value == pytest.approx(sum(s for s in shares if s <= shares[wins] * (1 + 1e-9)))
    assert first.spread == pytest.approx(np.std([1, 0, 1, 1], ddof=1))
    assert f"{100 * share:.1f} % - {100 - 100 * share:.1f} %" in format_tally(result)


def test_who_does_not_look_is_left_out(study, tmp_path):
    output, plan = study

    def choose(number, q):
        if number == 3 and q.kind == "check":
            return side(q, SPOILED)
        return "left"

    result = tally(output, save_answers(tmp_path / "saved", output, plan, choose))
    assert 3 in result.excluded
    assert "passed 0 of 2 checks" in result.excluded[3]
    assert 3 not in result.participants


def test_left_alone_is_seen_through(study, tmp_path):
    output, plan = study
    files = save_answers(tmp_path / "saved", output, plan, lambda *_: "left")
    result = tally(output, files, min_checks=0)
    assert (result.left, result.consistent) == (1, 0)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"study": "x"}, "answers study 'x'"),
        ({"participant": 9}, "participant 9 is not one of 1 to 4"),
        ({"answers": [{"choice": "both"}]}, "must be left or right"),
        ({"answers": [{}]}, "'choice' is missing"),
    ],
)
def test_files_that_are_no_answers(study, tmp_path, change, told):
    output, plan = study
    (file,) = save_answers(tmp_path / "saved", output, plan, lambda *_: "left", participants=[1])
    file.write_text(json.dumps(json.loads(file.read_text()) | change))
    with pytest.raises(InputError, match=told):
        tally(output, [file])


def test_two_files_of_one_participant(study, tmp_path):
    output, plan = study
    (file,) = save_answers(tmp_path / "saved", output, plan, lambda *_: "left", participants=[1])
    with pytest.raises(InputError, match="two files of participant 1"):
        tally(output, [file, file])


def test_the_program(folders, tmp_path):
    def launch(*args):
        return subprocess.run(
            [sys.executable, "-m", "launch.study", *args, "--output", str(tmp_path / "study")],
            capture_output=True,
            text=True,
        )

    images = ",".join(f"{method}={folder}" for method, folder in folders.items())
    made = launch("make", "--images", images, "--scenes=0", "--questions=6", "--participants=2")
    assert made.returncode == 0, made.stderr
    assert "2 participants, 16 pairs each" in made.stdout
    (tmp_path / "saved").mkdir()
    record = json.loads((tmp_path / "study" / "key.json").read_text())
    answers = [{"choice": side_of(q)} for q in record["plan"][0]]
    saved = {"study": record["id"], "participant": 1, "answers": answers}
    (tmp_path / "saved" / "a.json").write_text(json.dumps(saved))
    counted = launch("count", "--answers", str(tmp_path / "saved"))
    assert counted.returncode == 0, counted.stderr
    assert "| ours | " in counted.stdout
    assert (tmp_path / "study" / "results.md").read_text() in counted.stdout + "\n"
    wrong = launch("make", "--images", "ours")
    assert wrong.returncode == 2
    assert "give METHOD=FOLDER" in wrong.stderr


def side_of(question):
    return "right" if question["left"] == SPOILED else "left"


def test_scenes_that_one_folder_lacks_are_counted(folders, capsys):
    """An image that a method failed on is asked about nowhere, which must not go unnoticed."""
    first = next((folders["ours"]).rglob(f"{SCENES[0]}.*"))
    first.rename(first.with_suffix(".gif"))
    assert find_scenes(folders) == SCENES[1:]
    told = capsys.readouterr().err
    assert f"1 images are not in every folder and are left out, such as {SCENES[0]}" in told
    assert "passed over: 1 .gif" in told


def test_two_images_of_one_name_are_no_scene(folders):
    first = next((folders["ours"]).rglob(f"{SCENES[1]}.*"))
    Image.new("RGB", (8, 8)).save(first.with_suffix(".webp"))
    with pytest.raises(InputError, match="share the name"):
        find_scenes(folders)
