"""Sample pictures of a run: what its networks make of a few images."""

from collections.abc import Mapping

import jax
import numpy as np

from sggan_jax.data.labels import CITYSCAPES, colourise
from sggan_jax.data.pipeline import Source
from sggan_jax.data.transforms import cut_middle
from sggan_jax.methods.base import Method
from sggan_jax.train.log import Log, make_grid
from sggan_jax.train.state import TrainState
from sggan_jax.types import to_uint8


class SamplePictures:
    """Draws the grids of a method for fixed examples."""

    def __init__(self, method: Method, examples: Mapping[str, np.ndarray]):
        """Prepare to draw.

        Args:
          method: its ``grids`` name the tensors of each row.
          examples: a batch.
        """
        self._method, self.examples = method, examples
        self._draw = _compile(method)

    def write(self, log: Log, step: int, state: TrainState) -> None:
        """Write every grid to the log, by averaged networks where they are kept.

        Args:
          log: of the run.
          step: of the state.
          state: on one device; nothing of it goes to the host.
        """
        params = state.params | state.ema
        tensors = jax.device_get(self._draw(params, state.stats, self.examples))
        for row in self._method.grids:
            columns = [
                colourise(tensors[name], CITYSCAPES) if tensors[name].ndim == 3 else tensors[name]
                for name in row
            ]
            log.picture(step, "_".join(row), make_grid(columns))


def choose_examples(
    sources: Mapping[str, Source], number: int, size: tuple[int, int]
) -> dict[str, np.ndarray]:
    """Choose images to show progress on, evenly spread over every domain.

    Args:
      sources: by letter of the domain.
      number: of images; at least one is chosen.
      size: height and width to show; of images stored larger the middle.
    """
    batch = {}
    for letter, source in sources.items():
        places = np.linspace(0, len(source) - 1, max(number, 1)).astype(int)
        items = [source[place] for place in places]
        pairs = [cut_middle(item["image"], item["label"], *size) for item in items]
        batch[letter] = np.stack([image for image, _ in pairs])
        batch[f"lab_{letter}"] = np.stack([labels for _, labels in pairs])
    return batch


def _compile(method):
    """Compile (params, stats, batch) to the uint8 tensors that the method's grids show."""
    names = {name for row in method.grids for name in row}

    @jax.jit
    def draw(params, stats, batch):
        tensors = method.preprocess(batch, None) | {"stats": stats}
        tensors |= method.forward(params, tensors, None)
        return {
            name: x if x.ndim == 3 else to_uint8(x) for name, x in tensors.items() if name in names
        }

    return draw
