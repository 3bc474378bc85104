"""Label maps that are one class everywhere, and how they usually come to be so."""

from collections.abc import Sequence

import numpy as np

from sggan_jax.data.builders.files import File
from sggan_jax.data.builders.reading import read_labels
from sggan_jax.data.class_table import ClassTable
from sggan_jax.images import decode
from sggan_jax.types import InputError

ACCEPT = "--accept_labels, or data.accept_labels of a configuration,"


def check_varied(label_files: Sequence[File], table: ClassTable, where: str) -> None:
    """Refuse label files that are all one class, with the likely cause.

    Files are read until a second class is met, which is in the first one as a rule.

    Args:
      label_files: some label files of a data set.
      table: under which they are read.
      where: what the message calls the data set.

    Raises:
      InputError: naming the class and the cause.
    """
    seen: set[int] = set()
    read: list[File] = []
    for file in label_files:
        try:
            seen |= set(np.unique(read_labels(file, table)).tolist())
        except InputError:  # refused where the pair is read
            continue
        read.append(file)
        if len(seen) > 1:
            return
    if seen:
        (only,) = seen
        raise InputError(
            f"The labels of {where} are {table.name_of(only)!r} (id {only}) in every pixel of all "
            f"{len(read)} files looked at: {_likely_cause(read[0], table)}; or "
            f"say by {ACCEPT} that they are right."
        )


def _likely_cause(file: File, table: ClassTable) -> str:
    decoded = decode(file)
    values = decoded.deep if decoded.deep is not None else np.asarray(decoded.image)
    if values.ndim == 3 and table.in_red:
        varied = [
            name
            for name, channel in zip(("green", "blue"), (1, 2), strict=True)
            if len(np.unique(values[..., channel])) > 1
        ]
        if varied:
            return (
                f"ids are read from red, and {' and '.join(varied)} alone holds more than one "
                f"value: the tags were saved as BGR; save them as RGB"
            )
        if decoded.deep is None and table.name == "synthia":
            return (
                "SYNTHIA's label files have 16 bits per channel, which were lost when these were "
                "saved again with 8; take the files of the release"
            )
    if not values.any():
        return "every value is 0: they were exported empty, or lost when they were saved again"
    return "they were exported wrongly, or are no label maps"
