"""The curve of a label budget against figures worked out by hand."""

import numpy as np
import pytest
from PIL import Image

from sggan_jax.reproduce.curve import average_by_seed, draw_budget, format_budget, interval


def entry(adapt_seed, segment_seed, iou):
    return {"adapt_seed": adapt_seed, "segment_seed": segment_seed, "mean_iou": iou}


def experiment(*entries):
    return {"segment_steps": 1600, "real": {"val": list(entries)}}


RESULTS = {
    "experiments": {
        "source": experiment(entry(0, 0, 20.0), entry(0, 1, 24.0)),
        "labels_25": experiment(entry(0, 0, 30.0), entry(0, 1, 34.0)),
        "upper": experiment(),
        # Two adaptations: 36 and 38 on average with the two seeds of the network.
        "game": experiment(entry(0, 0, 26.0)),
        "game_labels_25": experiment(
            *(entry(0, 0, 35.0), entry(1, 0, 37.0), entry(0, 1, 36.0), entry(1, 1, 40.0))
        ),
        "game_labels_all": experiment(),
    },
    "budget": {
        "images": 400,
        "batch": 8,
        "series": [
            {
                "title": "real labels alone",
                "note": "",
                "points": [["0", "source"], ["25", "labels_25"], ["all", "upper"]],
            },
            {
                "title": "a game and real labels",
                "note": "all real labels, in its adaptation",
                "points": [["0", "game"], ["25", "game_labels_25"], ["all", "game_labels_all"]],
            },
        ],
    },
}


def test_the_table_holds_means_intervals_and_differences_by_seed():
    # t of 1 degree of freedom is 12.706, and s / sqrt(2) is half the difference of two values:
    # 22 ± 25.4, 32 ± 25.4, 37 ± 12.7; 36 - 30 and 38 - 34 are 5 ± 12.7.
    assert format_budget(RESULTS, "val").splitlines()[:5] == [
        "| mIoU; labelled real images | 0 | 25 | all 400 |",
        "| :--- | ---: | ---: | ---: |",
        "| real labels alone | 22.0 [-3.4, 47.4] | 32.0 [6.6, 57.4] |  |",
        "| a game and real labels | 26.0 | 37.0 [24.3, 49.7] |  |",
        "| more than alone | +6.0 | +5.0 [-7.7, +17.7] |  |",
    ]


def test_equal_steps_and_who_saw_labels_are_told():
    text = format_budget(RESULTS, "val")
    assert "1600 steps of 8 images" in text
    assert "a game and real labels: the images saw all real labels, in its adaptation." in text


def test_seeds_of_the_network_are_the_ones_that_count():
    entries = RESULTS["experiments"]["game_labels_25"]["real"]["val"]
    assert average_by_seed([*entries, entry(0, 2, None)]) == {0: 36.0, 1: 38.0}
    assert interval([]) is None
    assert interval([3.0])[0] == 3
    assert np.isnan(interval([3.0])[1:]).all()


def test_the_picture_is_a_curve_for_every_series(tmp_path, monkeypatch):
    path = tmp_path / "budget.png"
    drawn = []
    real = draw_budget.__globals__["Figure"].add_subplot

    def keep(figure, *args):
        drawn.append(real(figure, *args))
        return drawn[0]

    monkeypatch.setattr(draw_budget.__globals__["Figure"], "add_subplot", keep)
    draw_budget(RESULTS, "val", path)
    with Image.open(path) as picture:
        assert picture.format == "PNG"
    (panel,) = drawn
    alone, game = panel.containers
    assert alone.lines[0].get_ydata().tolist() == [22, 32]
    assert game.lines[0].get_ydata().tolist() == [26, 37]
    bar = alone.lines[2][0].get_segments()[1]
    assert bar[:, 1].tolist() == pytest.approx([32 - 25.41, 32 + 25.41], abs=0.01)
    assert [tick.get_text() for tick in panel.get_xticklabels()] == ["0", "25", "all 400"]
