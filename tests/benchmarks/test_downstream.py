"""The correlation of measures with what segmentation networks gain, from files of known content."""

import json

import pytest

from benchmarks.downstream import format_correlations, join


@pytest.fixture
def files(tmp_path):
    """Five checkpoints whose colour distance falls as mIoU rises; contrast passes through 0."""

    def write(name, rows):
        path = tmp_path / name
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return path

    steps = range(100, 600, 100)
    measures = [{"step": None, "colour": 40.0}]
    measures += [
        {
            "step": step,
            "colour": 30.0 - step / 100,
            "boundary": 0.9 - step / 1000,
            "contrast/sky": step / 100 - 3.0,
            "change": float(step),
            "seconds": 2.5 - step / 1000,
        }
        for step in steps
    ]
    measures.append({"step": 600, "colour": 1.0})  # nobody trained on it
    gain = [{"step": 0, "mean_iou": 0.1}]
    gain += [{"step": step, "mean_iou": 0.2 + step / 1000} for step in steps]
    return write("measures.jsonl", measures), write("gain.jsonl", gain)


def test_measures_and_gains_are_joined_by_step_and_turned_so_that_more_is_better(files):
    joined = join(*files)
    assert [gain for _, gain in joined] == pytest.approx([0.3, 0.4, 0.5, 0.6, 0.7])
    first = joined[0][0]
    assert first == {"colour": -29, "boundary": 0.8, "contrast/sky": -2, "change": 100}


def test_the_table_begins_with_the_measure_that_agrees_best(files):
    table = format_correlations([":".join(map(str, files))]).splitlines()
    rows = {line.split("|")[1].strip(): line.split("|")[2].strip() for line in table[2:]}
    assert rows == {
        "`change`": "1.00",
        "`colour`": "1.00",
        "`contrast/sky`": "0.00",
        "`boundary`": "-1.00",
    }
    assert table[-1].split("|")[4].strip() == "5"
