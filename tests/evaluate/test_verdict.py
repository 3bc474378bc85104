"""The verdict on figures whose meaning is known, and the command that follows it."""

import copy
import json
import re

import pytest

from sggan_jax.data.builders import SourceSpec
from sggan_jax.evaluate.next_step import choose_next
from sggan_jax.evaluate.verdict import format_verdict, judge_assessment


def interval(low, high):
    return {"mean": (low + high) / 2, "spread": 1.0, "low": low, "high": high}


def seen(accuracy, mean_iou, **classes):
    named = {name: {"accuracy": value} for name, value in classes.items()}
    return {"pixel_accuracy": accuracy, "mean_iou": mean_iou, "classes": named}


GOOD = {
    "features": "a feature network",
    "size": [32, 64],
    "realism": {"source": {"kid": interval(8, 10)}, "adapted": {"kid": interval(2, 4)}},
    "patches": {"skvd": {"source": interval(8, 10), "adapted": interval(7, 9)}},
    "semantics": {
        "segmenter": "seg, step 9",
        "size": [16, 32],
        "source": seen(0.80, 0.40, sky=0.9, road=0.9, pole=0.05),
        "adapted": seen(0.82, 0.395, sky=0.95, road=0.9, pole=0.20),
    },
    "colours": {"sky": {"source": 28.0, "adapted": 3.0}, "road": {"source": 3.0, "adapted": 4.0}},
    "boundaries": {"boundary_f": 0.95},
    "flicker": None,
}


def change(*path, to):
    found = copy.deepcopy(GOOD)
    inner = found
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = to
    return found


def outcomes(found):
    return {row.what: row.outcome for row in judge_assessment(found).rows}


def test_every_figure_has_its_outcome():
    assert outcomes(GOOD) == {
        "KID": "nearer",
        "sKVD": "no clear difference",  # 7 to 9 meets 8 to 10
        "pixel accuracy": "more",
        "mean IoU": "as before",  # half a point less
        "pole seen": "seen more",
        "F-score of boundaries": "kept",
        "colour of sky": "nearer",
    }


@pytest.mark.parametrize(
    ("path", "to", "what", "outcome", "answer"),
    [
        (("colours", "sky", "adapted"), 26.5, "colour of sky", "did not move", 2),
        (("colours", "road", "adapted"), 5.5, "colour of road", "farther", 2),
        (
            ("semantics", "adapted", "classes", "pole", "accuracy"),
            *(0.0, "pole seen", "not seen, nor in the source", 2),
        ),
        (
            ("semantics", "adapted", "classes", "road", "accuracy"),
            *(0.09, "road seen", "not seen any more", 2),
        ),
        (
            ("semantics", "adapted", "classes", "sky", "accuracy"),
            *(0.7, "sky seen", "seen less", 2),
        ),
        (("semantics", "adapted", "mean_iou"), 0.38, "mean IoU", "less", 0),
        (("realism", "adapted", "kid"), interval(11, 12), "KID", "farther", 0),
        (
            ("realism", "adapted", "kid"),
            *(interval(7, 9), "KID", "no clear difference", 0),
        ),
        (("boundaries", "boundary_f"), 0.84, "F-score of boundaries", "moved or lost", 0),
        (
            ("flicker",),
            *({"source": 1.0, "adapted": 2.1}, "flicker, grey levels", "flickers", 2),
        ),
    ],
)
def test_what_did_not_get_better_is_named_and_means_decide(path, to, what, outcome, answer):
    found = change(*path, to=to)
    assert outcomes(found)[what] == outcome
    assert judge_assessment(found).answer == ("no", "unknown", "in part")[answer]


def test_without_a_distance_that_disagrees_the_answer_is_yes():
    found = change("patches", "skvd", to={})
    assert judge_assessment(found).answer == "yes"
    assert judge_assessment(GOOD).answer == "in part"
    assert judge_assessment(found | {"semantics": None}).answer == "unknown"
    blind = change("semantics", "source", "pixel_accuracy", to=0.49)
    assert judge_assessment(blind).answer == "unknown"


def test_the_table_names_size_and_network_and_json_holds_all():
    found = change("colours", to={f"c{k}": {"source": 9, "adapted": 9 + k / 9} for k in range(9)})
    verdict = judge_assessment(found)
    told = format_verdict(verdict)
    assert "| 16x32 |       seg, step 9 |" in told
    assert "| 32x64 | a feature network |" in told
    assert re.search(r"\| colour of c8 +\| +9.0 \| +9.9 \|", told)
    assert "colour of c2" not in told  # six classes that did not move, the farthest
    assert "and 3 more; all are in report.json" in told
    assert told.endswith("look at what did not get better.")
    rows = json.loads(json.dumps(verdict.to_json(), allow_nan=False))["rows"]
    assert sum(row["outcome"] == "did not move" for row in rows) == 9


def test_the_next_command_trains_on_what_the_gate_let_pass(tmp_path):
    (tmp_path / "accepted.txt").write_text("a\n")
    (tmp_path / "dataset.toml").write_text("")
    real = SourceSpec("folder", "photos", "camvid")
    command, _ = choose_next("in part", str(tmp_path), "source", real)
    assert command.split()[3:] == [
        *("--config", "configs/segmenter.py:light", "--workdir", "runs/adapted_seg"),
        f"--config.data.virtual_dir={tmp_path}",
        f"--config.data.virtual_table={tmp_path}/dataset.toml",
        f"--config.data.virtual_list={tmp_path}/accepted.txt",
    ]
    command, why = choose_next("unknown", "adapted", "source", real)
    assert command.endswith("--config.data.virtual_dir=photos --config.data.virtual_table=camvid")
    assert "--segmenter=runs/real_seg" in why
    run = {"run": str(tmp_path)}
    command, _ = choose_next("no", "out/", "my source", real, "seg", run)
    assert command.split(maxsplit=3)[3] == (
        f"--run={tmp_path} '--input=my source' --output=out_repaired --segmenter=seg --repair"
    )
    (tmp_path / "best.json").write_text("{}")
    assert "--step=best" in choose_next("no", "out", "source", real, "seg", run)[0]
