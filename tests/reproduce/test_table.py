"""The table against figures worked out by hand."""

from sggan_jax.reproduce.results import summarise
from sggan_jax.reproduce.table import format_classes, format_images, format_results


def entry(adapt_seed, segment_seed, iou):
    return {
        "adapt_seed": adapt_seed,
        "segment_seed": segment_seed,
        "pixel_accuracy": 2 * iou,
        "class_accuracy": iou + 1,
        "mean_iou": iou,
        "large_iou": None,
        "ious": {"road": iou, "sky": None},
    }


def experiment(title, ious, **changes):
    entries = [entry(index // 2, index % 2, iou) for index, iou in enumerate(ious)]
    record = {"title": title, "paper": "", "real": {"val": entries}, "kept": [], "truth": []}
    return record | {"failed": ""} | changes


def test_rows_hold_mean_and_spread_and_the_papers_figures_stand_apart():
    results = {
        "classes": ["road", "sky"],
        "experiments": {
            "a": experiment("plain", [10.0, 12.0, 14.0, 16.0], paper="1 / 2 / 3"),
            "b": experiment("broken", [], failed="train adaptation: no data"),
            "c": experiment("still to do", []),
        },
    }
    # mean 13, deviations -3 -1 1 3: sqrt(20 / 3) = 2.58
    assert format_results(results, "val").splitlines() == [
        "| trained on | pixel | class | mIoU | mIoU, large | seeds | kept: pixel | kept: mIoU "
        "| the paper's own: pixel / class / IoU |",
        "| :--- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
        "| plain | 26.0 ± 5.2 | 14.0 ± 2.6 | 13.0 ± 2.6 |  | 2 x 2 |  |  | 1 / 2 / 3 |",
        "| broken |  |  |  |  |  |  |  |  |",
        "",
        "broken failed: train adaptation: no data",
    ]
    assert "| plain | 13.0 ± 2.6 |  |" in format_classes(results, "val")


def test_kept_labels_and_the_true_look_have_columns_when_measured():
    truth = [{"adapt_seed": 0, "difference": 14.6}]
    results = {
        "experiments": {"a": experiment("plain", [10.0], truth=truth, kept=[entry(0, 0, 30.0)])}
    }
    text = format_results(results, "val")
    assert "difference from the true look" in text
    assert "Adaptation at" not in text  # of results before sizes were told
    sizes = {"adaptation": "64x128", "segmentation": "32x64", "scored": "the labels' own size"}
    told = "Adaptation at 64x128, segmentation at 32x64, scored at the labels' own size."
    assert format_results(results | {"sizes": sizes}, "val").splitlines()[-1] == told
    assert "the paper" not in text
    assert text.splitlines()[-1] == "| plain | 20.0 | 11.0 | 10.0 |  | 1 x 1 | 60.0 | 30.0 | 14.6 |"


def test_images_have_a_table_of_their_own():
    measured = [
        {"adapt_seed": 0, "kid": 0.5, "boundary_f": 0.75, "minutes": 10.0},
        {"adapt_seed": 1, "kid": 0.7, "boundary_f": 0.75, "minutes": 12.0},
    ]
    seen = {"pixel_accuracy": 60.0, "mean_iou": 30.0}
    composed = [{"adapt_seed": 0, "kid": None, "boundary_f": 0.5, "minutes": None}]
    results = {
        "experiments": {
            "a": experiment("game", [], judged=[seen], images=measured),
            "b": experiment("composed", [], images=composed),
            "c": experiment("not measured", [10.0]),
        }
    }
    assert format_images(results).splitlines()[2:] == [
        "| game | 60.0 | 30.0 | 0.60 ± 0.14 | 0.750 ± 0.000 | 11 ± 1 |",
        "| composed |  |  |  | 0.500 |  |",
    ]


def test_scores_in_percent():
    # road: 6 right of 8, 1 wrongly claimed: 6/9; sky: 1 of 2, 2 wrongly claimed: 1/4; car absent.
    summary = summarise([[6, 2, 0], [1, 1, 0], [0, 0, 0]], ["road", "sky", "car"], ["road", "car"])
    assert summary == {
        "pixel_accuracy": 70.0,
        "class_accuracy": 62.5,
        "mean_iou": 45.83,
        "large_iou": 66.67,
        "ious": {"road": 66.67, "sky": 25.0, "car": None},
    }
