"""A prepared data set as a folder again, for programs that work on folders."""

from collections.abc import Mapping
from pathlib import Path

from sggan_jax.data.sources import Source
from sggan_jax.files import check_inside, list_names, write_bytes, write_text
from sggan_jax.images import encode_png


def unpack(splits: Mapping[str, Source], directory: str | Path) -> None:
    """Write ``images/NAME.png``, ``labels/NAME.png`` and a list of names for every split.

    Files that are there already are kept; a list appears when all of its files are there.

    Args:
      splits: source of every split by its name.
      directory: where to write; made if absent.

    Raises:
      InputError: if a name would lie outside of the directory, or it cannot be written.
    """
    directory = Path(directory)
    for split, source in splits.items():
        for name in (split, *source.names):
            check_inside(directory, name, "the prepared data set")
    for split, source in splits.items():
        listing = directory / f"{split}.txt"
        if listing.is_file():
            continue
        for index, name in enumerate(source.names):
            _write(directory, name, source, index)
        write_text(listing, list_names(source.names))


def _write(directory: Path, name: str, source: Source, index: int) -> None:
    paths = {part: directory / f"{part}s" / f"{name}.png" for part in ("image", "label")}
    if all(path.is_file() for path in paths.values()):
        return
    example = source[index]
    for part, path in paths.items():
        write_bytes(path, encode_png(example[part]))
