"""What people answered: how often each method was preferred, and how far that can be trusted."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import binomtest

from sggan_jax.study.plan import SPOILED
from sggan_jax.study.site import KEY
from sggan_jax.types import InputError


@dataclass(frozen=True)
class Preference:
    """How often images of method ``a`` were called more realistic than those of ``b``.

    Attributes:
      a: a method.
      b: the method it was compared with.
      wins: answers for ``a``.
      answers: in all.
      low: lower end of the 95 % interval (Wilson) of the fraction of ``wins``.
      high: its upper end.
      p_value: of a fraction of one half, two-sided, exact.
      spread: standard deviation of the fraction over participants; NaN for fewer than two.
    """

    a: str
    b: str
    wins: int
    answers: int
    low: float
    high: float
    p_value: float
    spread: float

    @property
    def fraction(self) -> float:
        """Share of answers for ``a``."""
        return self.wins / self.answers


@dataclass(frozen=True)
class Tally:
    """The outcome of a study.

    Attributes:
      preferences: of each pair of methods.
      participants: whose answers count.
      excluded: why a participant's answers do not count, by number.
      consistent: fraction of repeats answered as the first time; NaN without repeats.
      left: fraction of tests answered with the left image; one half is expected.
    """

    preferences: list[Preference]
    participants: list[int]
    excluded: dict[int, str]
    consistent: float
    left: float


def tally(study: Path, answers: Sequence[Path], min_checks: float = 0.8) -> Tally:
    """Count the answers to a study.

    Args:
      study: directory that :func:`sggan_jax.study.site.write_site` wrote.
      answers: files saved by the participants; unfinished ones count as far as they go.
      min_checks: fraction of checks a participant must have passed to be counted.

    Raises:
      InputError: if a file is no answer to this study, or a participant's comes twice.
    """
    key = _read_json(study / KEY)
    sessions = [_read_session(path, key) for path in answers]
    numbers = [number for number, _ in sessions]
    twice = sorted({n for n in numbers if numbers.count(n) > 1})
    if twice:
        raise InputError(f"two files of participant {twice[0]}: keep the one that counts")
    kept, excluded = {}, {}
    for number, answered in sessions:
        checks = [winner != SPOILED for q, winner in answered if q["kind"] == "check"]
        if checks and np.mean(checks) < min_checks:
            excluded[number] = f"passed {sum(checks)} of {len(checks)} checks"
        else:
            kept[number] = answered
    tests = {n: [x for x in kept[n] if x[0]["kind"] == "test"] for n in kept}
    flat = [x for own in tests.values() for x in own]
    return Tally(
        preferences=_count(list(tests.values()), key),
        participants=sorted(kept),
        excluded=excluded,
        consistent=_consistency(kept.values()),
        left=float(np.mean([winner == q["left"] for q, winner in flat])) if flat else np.nan,
    )


def format_tally(result: Tally) -> str:
    """Draw up the outcome as Markdown, in the form of Table 1."""
    head = (
        "| A | B | A preferred | 95 % interval | spread | answers | p |\n"
        + "|---|---" * 3
        + "|---|"
    )
    rows = [
        f"| {p.a} | {p.b} | {100 * p.fraction:.1f} % - {100 - 100 * p.fraction:.1f} % | "
        f"{100 * p.low:.1f} to {100 * p.high:.1f} % | {100 * p.spread:.1f} | {p.answers} | "
        f"{p.p_value:.2g} |"
        for p in result.preferences
    ]
    told = [
        f"{len(result.participants)} participants counted, {len(result.excluded)} excluded.",
        *(f"Participant {n}: {reason}." for n, reason in sorted(result.excluded.items())),
        f"Repeats answered as before: {100 * result.consistent:.0f} %. "
        f"Left image chosen: {100 * result.left:.0f} %.",
    ]
    return "\n".join([head, *rows, "", *told]) + "\n"


def _read_session(path: Path, key: Mapping[str, Any]) -> tuple[int, list[tuple[dict, str]]]:
    """Read one participant's answers: each question with the method that was chosen."""
    record = _read_json(path)
    try:
        study, number = record["study"], record["participant"]
        choices = [answer["choice"] for answer in record["answers"]]
    except (KeyError, TypeError) as error:
        raise InputError(f"{path} holds no answers: {error} is missing") from error
    if study != key["id"]:
        raise InputError(f"{path} answers study {study!r}, not {key['id']!r}")
    if not isinstance(number, int) or not 1 <= number <= len(key["plan"]):
        raise InputError(f"{path}: participant {number!r} is not one of 1 to {len(key['plan'])}")
    questions = key["plan"][number - 1]
    if len(choices) > len(questions) or not set(choices) <= {"left", "right"}:
        raise InputError(
            f"{path}: {len(choices)} answers to {len(questions)} questions, "
            f"each must be left or right; got {sorted(set(map(str, choices)))}"
        )
    asked = questions[: len(choices)]
    return number, [(q, q[choice]) for q, choice in zip(asked, choices, strict=True)]


def _count(participants: list[list[tuple[dict, str]]], key: Mapping[str, Any]) -> list[Preference]:
    tests = [q for own in key["plan"] for q in own if q["kind"] == "test"]
    pairs = dict.fromkeys(tuple(sorted((q["left"], q["right"]))) for q in tests)
    order = {m: k for k, m in enumerate(key["methods"])}
    found = []
    for pair in pairs:
        a, b = sorted(pair, key=order.__getitem__)
        wins = [
            [winner == a for q, winner in own if {q["left"], q["right"]} == {a, b}]
            for own in participants
        ]
        wins = [own for own in wins if own]
        if not wins:
            continue
        total, count = sum(map(sum, wins)), sum(map(len, wins))
        test = binomtest(total, count)
        interval = test.proportion_ci(method="wilson")
        spread = float(np.std([np.mean(own) for own in wins], ddof=1)) if len(wins) > 1 else np.nan
        found.append(
            Preference(a, b, total, count, interval.low, interval.high, test.pvalue, spread)
        )
    return sorted(found, key=lambda p: (order[p.a], order[p.b]))


def _consistency(sessions) -> float:
    same = []
    for answered in sessions:
        first = {_identity(q): winner for q, winner in answered if q["kind"] == "test"}
        again = [(q, winner) for q, winner in answered if q["kind"] == "repeat"]
        same += [first[_identity(q)] == winner for q, winner in again]
    return float(np.mean(same)) if same else float("nan")


def _identity(question: Mapping[str, str]) -> tuple:
    return question["scene"], frozenset((question["left"], question["right"]))


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read as JSON: {error}") from error
