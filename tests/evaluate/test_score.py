"""A score is the sum of its measures by weight, each with the sign of its better side."""

import pytest

from sggan_jax.evaluate.score import Part, find_score, find_side, list_measures, parse_score
from sggan_jax.types import InputError

VALUES = {"agreement": 0.8, "boundary": 0.5, "grid": 2.0, "contrast/sky": -3.0}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("agreement+0.5*boundary-0.1*grid", 0.8 + 0.25 - 0.2),
        (" agreement +.5 * boundary - 2*grid ", 0.8 + 0.25 - 4),
        ("-grid", -2.0),
        ("agreement-contrast/sky", 0.8 - 3.0),
        ("2.*agreement", 1.6),
        ("grid", 2.0),
        ("agreement-0.1*kid", None),
        ("kid", None),
    ],
)
def test_values_are_weighed_and_summed(text, value):
    assert find_score(text, VALUES) == (value if value is None else pytest.approx(value))


def test_names_are_found():
    assert list_measures("agreement/sky-0.1*grid/2") == ("agreement/sky", "grid/2")
    assert list_measures("cyc_v") == ("cyc_v",)
    assert parse_score("agreement/traffic light-grid")[0] == Part(1.0, "agreement/traffic light")
    assert find_side("contrast/sky") == "zero"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("agreement+kidd", "there is no measure 'kidd'"),
        ("agreement+grid", "and less of 'grid': give it the sign -"),
        ("-agreement", "and more of 'agreement': give it the sign +"),
        ("agreement+contrast/sky", "give it the sign -"),
        ("agreement-change", "'change', which describes"),
        ("agreement-0*grid", "gives 'grid' no weight"),
        ("agreement+", "cannot be read"),
        ("agreement+-grid", "cannot be read"),
        ("agreement*2", "cannot be read"),
        ("agreement - 1e-3*grid", "cannot be read"),
    ],
)
def test_scores_that_cannot_be_are_refused(text, sentence):
    with pytest.raises(InputError, match=sentence.replace("+", r"\+").replace("*", r"\*")):
        find_score(text, VALUES)
