"""What an experiment's images are like without asking a segmentation network, and what they cost.

KID tells how far they are from photographs, the boundary F-score whether outlines stayed where the
labels have them, minutes how long the adaptation was trained.
"""

from functools import cached_property
from pathlib import Path

import numpy as np

from sggan_jax.data.sources import Source
from sggan_jax.evaluate.features import Features, encode_source
from sggan_jax.evaluate.meaning import score_boundaries
from sggan_jax.evaluate.realism import kernel_distance_of_subsets
from sggan_jax.files import read_json_lines


class ImageMeasures:
    """Measures of images against the renderings they were made of, and against photographs."""

    def __init__(self, source: Source, real: Source, features: Features | None):
        """Describe what is compared with; nothing is read yet.

        Args:
          source: renderings with labels.
          real: photographs of the same size.
          features: network that KID is measured by; None leaves it out.
        """
        self._source, self._real, self._features = source, real, features

    def __call__(self, adapted: Source) -> dict[str, float | None]:
        """Measure images, as many as there are renderings, in their order.

        Returns:
          ``kid``: mean over subsets, see :func:`kernel_distance_of_subsets`; None without features
          or with fewer than 8 images on a side. ``boundary_f``: mean of :func:`score_boundaries`
          in [0, 1]; None where no rendering shows a boundary.
        """
        scores = []
        for index in range(len(self._source)):
            one = self._source[index]
            scores.append(score_boundaries(one["image"], adapted[index]["image"], one["label"])[0])
        shown = [score for score in scores if score is not None]
        return {
            "kid": self._distance(adapted),
            "boundary_f": float(np.mean(shown)) if shown else None,
        }

    def _distance(self, adapted: Source) -> float | None:
        if self._features is None or min(len(adapted), len(self._real)) < 8:
            return None
        vectors = encode_source(self._features, adapted)
        return kernel_distance_of_subsets(vectors, self._photographs).mean

    @cached_property
    def _photographs(self) -> np.ndarray:
        assert self._features is not None
        return encode_source(self._features, self._real)


def count_minutes(run: Path) -> float | None:
    """Count the minutes that the steps of a run took, without what lay between them.

    Args:
      run: run directory; its log tells the steps per second since the line before.

    Returns:
      None without a log: of a run that is still to come, or was handed on without it.
    """
    seconds, last = 0.0, 0
    for line in read_json_lines(run / "metrics.jsonl"):
        seconds += (line["step"] - last) / line["steps_per_second"]
        last = line["step"]
    return seconds / 60 if last else None
