"""Curves are what was logged."""

import numpy as np
import pytest

from sggan_jax.report.curves import draw_curves, read_curves
from sggan_jax.types import InputError


def test_every_term_has_a_line_and_both_domains_share_a_panel(tmp_path):
    (tmp_path / "metrics.jsonl").write_text(
        '{"step": 2, "steps_per_second": 1.0, "cyc_v": 0.5, "cyc_r": 0.25, "adv_r": 1.0}\n'
        '{"step": 4, "steps_per_second": 1.0, "cyc_v": 0.25, "cyc_r": 0.125, "adv_r": 0.5}\n'
    )
    curves = read_curves(tmp_path)
    np.testing.assert_array_equal(curves["step"], [2, 4])
    np.testing.assert_array_equal(curves["cyc_r"], [0.25, 0.125])
    figure = draw_curves(curves, window=1)
    shown = [
        {line.get_label(): line.get_ydata().tolist() for line in panel.lines}
        for panel in figure.axes
    ]
    assert shown[0]["cyc_v"] == [0.5, 0.25]
    assert shown[0]["cyc_r"] == [0.25, 0.125]
    assert shown[1]["adv_r"] == [1.0, 0.5]


def test_an_untrained_run_is_told(tmp_path):
    with pytest.raises(InputError, match="has not been trained yet"):
        read_curves(tmp_path)
