"""Curves are what was logged."""

from sggan_jax.report.curves import draw_curves, read_curves


def test_every_term_has_a_line_and_both_domains_share_a_panel():
    curves = read_curves(
        [
            {"step": 2, "steps_per_second": 1.0, "cyc_v": 0.5, "cyc_r": 0.25, "adv_r": 1.0},
            {"step": 4, "steps_per_second": 1.0, "cyc_v": 0.25, "cyc_r": 0.125, "adv_r": 0.5},
        ]
    )
    assert curves["cyc_r"] == ([2, 4], [0.25, 0.125])
    figure = draw_curves(curves, window=1)
    shown = [
        {line.get_label(): list(line.get_ydata()) for line in panel.lines} for panel in figure.axes
    ]
    assert shown[0]["cyc_v"] == [0.5, 0.25]
    assert shown[0]["cyc_r"] == [0.25, 0.125]
    assert shown[1]["adv_r"] == [1.0, 0.5]


def test_schedules_share_a_panel_by_kind_unsmoothed_and_may_begin_later():
    lines = [{"step": 1, "cyc_v": 1.0}] + [
        {"step": s, "cyc_v": 1.0, "rate/generators": r, "rate/discriminators": 2 * r}
        for s, r in ((2, 0.5), (3, 0.25))
    ]
    cycle, rates = draw_curves(read_curves(lines), window=2).axes
    assert [line.get_label() for line in rates.lines[::2]] == [
        "rate/generators",
        "rate/discriminators",
    ]
    assert list(rates.lines[0].get_ydata()) == [0.5, 0.25]
    assert list(cycle.lines[0].get_xdata()) == [1.5, 2.5]
