"""A bar on a terminal, lines elsewhere."""

import io

from rich.console import Console

from sggan_jax.progress import Progress


def watch(total, **options):
    """A progress whose clock and lines are in our hands."""
    now, told = [0.0], io.StringIO()
    console = Console(file=io.StringIO(), force_terminal=False)
    progress = Progress(
        "adapting", total, console=console, lines=told, clock=lambda: now[0], **options
    )
    return progress, now, told


def test_a_line_every_half_minute_and_at_the_end():
    progress, now, told = watch(100)
    with progress:
        for seconds, count in ((10, 10), (35, 10), (40, 20), (70, 30), (71, 30)):
            now[0] = seconds
            progress.advance(count)
    # 20 in 35 s leave 80, or 140 s; 70 in 70 s leave 30 s.
    assert told.getvalue().splitlines() == [
        "adapting 20/100  0.57 images/s  2.3 min left",
        "adapting 70/100  1.43 images/s  0.3 min left",
        "adapting 100/100  30.00 images/s  0.0 min left",
    ]


def test_what_was_done_before_does_not_count_for_the_rate():
    progress, now, told = watch(10, done=8, unit="steps")
    now[0] = 40.0
    progress.advance()
    assert told.getvalue() == "adapting 9/10  0.03 steps/s  0.7 min left\n"


def test_a_line_at_once_with_more_words():
    progress, _, told = watch(10, unit="steps")
    progress.tell(4, 0.5, "2 min left", "cyc_v 1.250")
    assert told.getvalue() == "adapting 4/10  0.50 steps/s  2 min left  cyc_v 1.250\n"


def test_nothing_is_told_unasked():
    progress, now, told = watch(1, shown=False)
    with progress:
        now[0] = 60.0
        progress.advance()
    assert told.getvalue() == ""


def test_a_bar_on_a_terminal():
    screen, told = io.StringIO(), io.StringIO()
    console = Console(file=screen, force_terminal=True, width=120)
    with Progress("adapting", 2, console=console, lines=told) as progress:
        progress.advance()
        progress.advance()
    assert "adapting" in screen.getvalue()
    assert "2/2" in screen.getvalue()
    assert "images/s" in screen.getvalue()
    assert told.getvalue() == ""
