"""The card of an exported generator: what it takes and gives, what it was made of, its files."""

import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any

from sggan_jax.nets.sizes import Sized
from sggan_jax.types import InputError

CARD_FILE = "card.json"
FORMAT = "sggan_jax generator 1"

_MOST_CARD_BYTES = 2**20
_MOST_FILE_BYTES = 2**33


@dataclasses.dataclass(frozen=True)
class Sizes:
    """The sizes of images that a generator takes.

    Attributes:
      multiple: height and width must be multiples of this.
      least_side: no side may be shorter.
      least_area: height times width must not be less.
    """

    multiple: int
    least_side: int
    least_area: int

    def check_size(self, height: int, width: int) -> None:
        """Refuse a size the generator cannot take.

        Raises:
          InputError: with the size and the rule.
        """
        fits = height % self.multiple == width % self.multiple == 0
        large = min(height, width) >= self.least_side and height * width >= self.least_area
        if not (fits and large):
            raise InputError(
                f"the exported generator takes sides that are multiples of {self.multiple}, not "
                f"below {self.least_side}, and at least {self.least_area} pixels, got "
                f"{height}x{width}"
            )


@dataclasses.dataclass(frozen=True)
class File:
    """A file of an export, to be found whole.

    Attributes:
      name: within the folder.
      bytes: its length.
      sha256: of its content.
    """

    name: str
    bytes: int
    sha256: str


@dataclasses.dataclass(frozen=True)
class Card:
    """What an exported generator says of itself.

    Attributes:
      program: file of ``jax.export``: weights and images to images.
      weights: file of its weights.
      sizes: of images it takes.
      platforms: it was lowered for.
      images: layout, type and range of what goes in and out.
      network: kind and size of the generator.
      run: name, direction, step and digest of the configuration it was trained with.
      licence: of the weights, as told.
      versions: of the packages that exported it.
      difference: of its images from the model's, measured when it was exported; grey levels.
      onnx: its file, set of operators and difference, where ONNX was asked for.
    """

    program: File
    weights: File
    sizes: Sizes
    platforms: tuple[str, ...]
    images: dict[str, Any]
    network: dict[str, Any]
    run: dict[str, Any]
    licence: str
    versions: dict[str, str]
    difference: dict[str, Any]
    onnx: dict[str, Any]


def open_sizes(network: Sized) -> Sizes:
    """Find the sizes a network takes by asking it."""
    multiple = network.multiple
    side = next(n * multiple for n in range(1, 65) if _takes(network, n * multiple, 64 * multiple))
    square = _takes(network, side, side)
    return Sizes(multiple, side, side * side if square else side * (side + multiple))


def describe_file(path: Path) -> File:
    """Note a file's name, length and hash."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return File(path.name, path.stat().st_size, digest)


def write_card(folder: Path, card: Card) -> None:
    """Write a card into its folder."""
    fields = {"format": FORMAT} | dataclasses.asdict(card)
    (folder / CARD_FILE).write_text(json.dumps(fields, indent=1) + "\n", encoding="utf-8")


def read_card(folder: Path) -> Card:
    """Read the card of an export.

    Raises:
      InputError: if there is none, or it is damaged or of another format.
    """
    path = folder / CARD_FILE
    if not path.is_file():
        raise InputError(f"{folder} holds no exported generator: it has no {CARD_FILE}")
    if path.stat().st_size > _MOST_CARD_BYTES:
        raise InputError(f"{path} is no card: it is larger than {_MOST_CARD_BYTES} bytes")
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        if fields.pop("format") != FORMAT:
            raise ValueError(f"its format is not {FORMAT!r}")
        fields |= {name: File(**fields[name]) for name in ("program", "weights")}
        sizes = Sizes(**fields.pop("sizes"))
        if not all(isinstance(n, int) and n > 0 for n in dataclasses.astuple(sizes)):
            raise ValueError(f"its sizes are {sizes}")
        return Card(**fields | {"sizes": sizes, "platforms": tuple(fields["platforms"])})
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path} is damaged ({error}); export the generator again") from error


def find_file(folder: Path, file: File) -> Path:
    """Find a file that a card names, whole and in its folder.

    Raises:
      InputError: if it is missing, elsewhere, or not what the card says.
    """
    path = folder / str(file.name)
    # Resolved: neither ".." nor a link may lead a card to other files.
    if path.resolve().parent != folder.resolve():
        raise InputError(f"{folder / CARD_FILE} names {file.name!r}, which is not in its folder")
    if not path.is_file():
        raise InputError(f"{path} is missing; export the generator again")
    if path.stat().st_size > _MOST_FILE_BYTES or describe_file(path) != file:
        raise InputError(f"{path} is not the file its card describes; export the generator again")
    return path


def _takes(network: Sized, height: int, width: int) -> bool:
    try:
        network.check_size(height, width)
    except InputError:
        return False
    return True
