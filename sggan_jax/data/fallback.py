"""Sources some of whose examples cannot be read: others stand in for them, and they are named."""

from collections.abc import Collection, Mapping
from itertools import chain
from typing import Any

from sggan_jax.data.sources import Source
from sggan_jax.types import InputError

WHOLE = -1
"""In place of the index of an example that could not be read: this one could."""


class WithFallback:
    """A source in which the next example that can be read replaces one that cannot.

    Which one that is depends on nothing but which ones can be read: a run that continues sees
    what it would have seen. Examples say under ``gap`` whose place they took, or ``WHOLE``.

    Attributes:
        names: Name of each example, also of those that cannot be read.
        size: Height and width of all.
    """

    def __init__(self, source: Source, unreadable: Collection[str] = ()):
        """Wrap a source.

        Args:
            source: Of one domain.
            unreadable: Names of examples not to be read, whether or not they could be.

        Raises:
            InputError: No example can be read.
        """
        self._source = source
        self._left_out = frozenset(unreadable)
        self.names = source.names
        self.size: tuple[int, ...] = ()
        self.size = self[0]["label"].shape

    def __len__(self) -> int:
        return len(self._source)

    def __getitem__(self, index: int) -> dict[str, Any]:
        for place in chain(range(index, len(self)), range(index)):
            example = self._read(place)
            if not isinstance(example, str):
                return {**example, "gap": WHOLE if place == index else index}
        raise InputError(
            f"None of the {len(self)} examples of a data set can be read, {self.names[index]} "
            f"because: {self.explain(index)}. Prepare it anew."
        )

    def explain(self, index: int) -> str:
        """Say why an example cannot be read; where it can be by now, that it could not before."""
        example = self._read(index)
        return example if isinstance(example, str) else "it could not be read a moment ago"

    def _read(self, index: int) -> Mapping[str, Any] | str:
        if self.names[index] in self._left_out:
            return "it could not be read before"
        try:
            example = self._source[index]
        except MemoryError:
            raise
        except Exception as error:  # a file that is damaged can raise anything
            return str(error).partition("\n")[0] or type(error).__name__
        found = example["image"].shape, example["label"].shape
        size = self.size or found[1]
        if found != ((*size, 3), size):
            return f"image and labels have the shapes {found[0]} and {found[1]}, not {size}"
        return example
