"""Which pairs of images every participant sees, in which order and on which side."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from sggan_jax.types import InputError

SPOILED = "spoiled"
"""Stands for a method whose images are those of another made obviously worse."""


@dataclass(frozen=True)
class Question:
    """Two images of one scene, beside each other.

    Attributes:
      kind: ``test``; ``check``, where one is obviously worse; ``repeat``, a test asked again with
        its sides swapped.
      scene: name of the image.
      left: method of the left image, or :data:`SPOILED`.
      right: method of the right image, or :data:`SPOILED`.
    """

    kind: str
    scene: str
    left: str
    right: str


def choose_pairs(methods: Sequence[str], every: bool = False) -> list[tuple[str, str]]:
    """Pair the first method with each of the others, as Table 1 does, or every two methods.

    >>> choose_pairs(["a", "b", "c"])
    [('a', 'b'), ('a', 'c')]
    """
    last = len(methods) - 1 if every else 1
    return [(a, b) for k, a in enumerate(methods[:last]) for b in methods[k + 1 :]]


def plan_study(
    pairs: Sequence[tuple[str, str]],
    scenes: Sequence[str],
    participants: int,
    questions: int,
    checks: int = 0,
    repeats: int = 0,
    seed: int = 0,
) -> list[list[Question]]:
    """Distribute the questions over the participants.

    Every pair of methods on every scene is asked equally often, give or take one, and its sides
    take turns from one participant to the next. Nobody is asked a test twice but as a repeat.

    Args:
      pairs: of methods to compare.
      scenes: names of the images that all methods have.
      participants: how many people are asked.
      questions: tests for each of them.
      checks: questions with an obvious answer for each, to tell who does not look.
      repeats: tests asked again at the end, to tell how sure people are.
      seed: of all that is random.

    Returns:
      The questions of each participant, in order.

    Raises:
      InputError: if there are not enough scenes, or a number is out of range.
    """
    tests = list(product(pairs, scenes))
    _check_numbers(len(tests), participants, questions, checks, repeats)
    rng = np.random.default_rng(seed)
    swapped_first = dict(zip(tests, rng.random(len(tests)) < 0.5, strict=True))
    asked: Counter[tuple[tuple[str, str], str]] = Counter()
    plan = []
    for _ in range(participants):
        order = rng.permutation(len(tests))
        chosen = sorted((tests[k] for k in order), key=lambda test: asked[test])[:questions]
        own = []
        for test in (chosen[k] for k in rng.permutation(questions)):
            (a, b), scene = test
            swap = swapped_first[test] != bool(asked[test] % 2)
            own.append(Question("test", scene, *((b, a) if swap else (a, b))))
            asked[test] += 1
        plan.append(_with_checks(own, checks, rng) + _repeat(own, repeats, rng))
    return plan


def _check_numbers(tests, participants, questions, checks, repeats) -> None:
    if participants < 1 or questions < 1 or checks < 0:
        raise InputError(
            "a study needs at least one participant and one question, and no negative number of "
            f"checks; got {participants} participants, {questions} questions, {checks} checks"
        )
    if questions > tests:
        raise InputError(
            f"{questions} questions for each participant, but there are only {tests} pairs of "
            "images: give more images or ask fewer questions"
        )
    if not 0 <= repeats <= questions:
        raise InputError(f"{repeats} repeats of {questions} questions: give 0 to {questions}")


def _with_checks(own: list[Question], checks: int, rng) -> list[Question]:
    """Put checks among the tests, at positions nobody can guess."""
    result = list(own)
    for position in sorted(rng.integers(0, len(own) + 1, checks), reverse=True):
        like = own[rng.integers(len(own))]
        sides = (like.left, SPOILED) if rng.random() < 0.5 else (SPOILED, like.left)
        result.insert(position, Question("check", like.scene, *sides))
    return result


def _repeat(own: list[Question], repeats: int, rng) -> list[Question]:
    chosen = (own[k] for k in rng.permutation(len(own))[:repeats])
    return [Question("repeat", test.scene, test.right, test.left) for test in chosen]
