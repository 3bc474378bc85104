"""What a setting may be: its type, its choices or its bounds, checked where a section is made."""

import dataclasses
import math
import numbers
import typing
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from sggan_jax.types import InputError

LARGEST_INT = 2**31 - 1
"""Steps are counted by int32 on the device."""

LARGEST_FLOAT = 3.4028234663852886e38
"""More is infinite in float32, in which networks compute."""


@dataclasses.dataclass(frozen=True)
class Range:
    """Bounds of a number.

    Attributes:
      low: the lowest value.
      high: the highest value.
      above: whether ``low`` itself is too low.
      below: whether ``high`` itself is too high.
      multiple: the value must be a multiple of this; 0 for any.

    >>> 1.0 in Range(0, 1), 1.0 in Range(0, 1, below=True), str(Range(0, 1, below=True))
    (True, False, 'in [0, 1)')
    """

    low: float = -math.inf
    high: float = math.inf
    above: bool = False
    below: bool = False
    multiple: int = 0

    def __contains__(self, value: float) -> bool:
        """Whether a number lies within the bounds."""
        return (
            (value > self.low if self.above else value >= self.low)
            and (value < self.high if self.below else value <= self.high)
            and not (self.multiple and value % self.multiple)
        )

    def __str__(self) -> str:
        """The bounds in words."""
        if self.multiple:
            return f"that is a positive multiple of {self.multiple}"
        if self.high < math.inf:
            brackets = "(" if self.above else "[", ")" if self.below else "]"
            return f"in {brackets[0]}{self.low:g}, {self.high:g}{brackets[1]}"
        return f"{'above' if self.above else 'of at least'} {self.low:g}"


class NotEmpty:
    """Marks a text that must hold something."""


Count = Annotated[int, Range(0)]
"""None or more."""

Number = Annotated[int, Range(1)]
"""One or more."""

Amount = Annotated[float, Range(0)]
"""Nothing or more, finite."""

Positive = Annotated[float, Range(0, above=True)]
"""More than nothing, finite."""

Fraction = Annotated[float, Range(0, 1)]
"""From 0 to 1."""

PartOf = Annotated[float, Range(0, 1, below=True)]
"""From 0 to less than 1."""

Text = Annotated[str, NotEmpty()]
"""A text that is not empty."""


@dataclasses.dataclass(frozen=True)
class Section:
    """Settings that belong together; frozen, and checked by their types when made.

    A subclass is a frozen dataclass whose ``section`` begins the keys of its fields. What must hold
    between several of its fields stands in :meth:`check`.
    """

    section: ClassVar[str] = ""

    def __post_init__(self) -> None:
        """Check every field, then what must hold between them.

        Raises:
          InputError: naming the key, the value and what is allowed.
        """
        for name, hint in hints(type(self)).items():
            value = check_value(self.key(name), getattr(self, name), hint)
            object.__setattr__(self, name, value)
        self.check()

    def check(self) -> None:
        """Refuse fields that do not go together."""

    @classmethod
    def key(cls, name: str) -> str:
        """Name a field as command lines do: ``train.steps``."""
        return f"{cls.section}.{name}" if cls.section else name

    @classmethod
    def from_dict(cls, settings: Mapping[str, Any]) -> Self:
        """Read a section, with those inside it, from nested dicts that hold every key once.

        Args:
          settings: values by key; lists stand for tuples, as after reading JSON.

        Raises:
          InputError: naming every unknown and every missing key, or the first value refused.
        """
        unknown, missing = (list(keys) for keys in _compare(cls, settings))
        if unknown or missing:
            parts = [f"does not know {', '.join(unknown)}"] if unknown else []
            parts += [f"lacks {', '.join(missing)}"] if missing else []
            raise InputError(f"the configuration {' and '.join(parts)}")
        return cls(**{name: _read(hint, settings[name]) for name, hint in hints(cls).items()})

    def to_dict(self) -> dict[str, Any]:
        """Return nested dicts, what :meth:`from_dict` reads."""
        return dataclasses.asdict(self)


def hints(section: type[Section]) -> Mapping[str, Any]:
    """Find the type of every field of a section, by name, bounds included."""
    found = typing.get_type_hints(section, include_extras=True)
    return {field.name: found[field.name] for field in dataclasses.fields(section)}


def is_section(hint: Any) -> bool:
    """Whether a field's type is a section."""
    return isinstance(hint, type) and issubclass(hint, Section)


def check_value(key: str, value: Any, hint: Any) -> Any:
    """Return a value in the form of its type, or refuse it.

    Args:
      key: of the setting, for the message.
      value: as given.
      hint: of the field: a type, ``Annotated`` with its bounds, a ``Literal`` or a tuple of such.

    Raises:
      InputError: naming the key, the value and what is allowed.

    >>> check_value("train.ema", 0, PartOf)
    0.0
    >>> check_value("train.ema", 1.0, PartOf)
    Traceback (most recent call last):
    sggan_jax.types.InputError: train.ema must be a number in [0, 1), got 1.0
    """
    kind, notes = _split(hint)
    if typing.get_origin(kind) is tuple:
        item = typing.get_args(kind)[0]
        if not isinstance(value, list | tuple):
            raise InputError(f"{key} must be a list, got {value!r}")
        return tuple(check_value(f"{key}[{k}]", x, item) for k, x in enumerate(value))
    sound, convert = _FORMS.get(kind, _other(kind))
    if not sound(value) or any(not _fits(value, note) for note in notes):
        raise InputError(f"{key} must be {describe(hint)}, got {value!r}")
    return convert(value)


def describe(hint: Any) -> str:
    """Say what a field may be.

    >>> describe(Number), describe(Literal["adam", "sgd"])
    ('a whole number of at least 1, at most 2147483647', 'one of adam, sgd')
    """
    kind, notes = _split(hint)
    if typing.get_origin(kind) is Literal:
        return f"one of {', '.join(choice or repr(choice) for choice in typing.get_args(kind))}"
    if kind is str:
        return "a text that is not empty" if notes else "a text"
    if kind is bool:
        return "True or False"
    if is_section(kind):
        return "a section of settings"
    bounds = next((note for note in notes if isinstance(note, Range)), None)
    if kind is int:
        top = "" if bounds and bounds.high < math.inf else f", at most {LARGEST_INT}"
        return f"a whole number {bounds or ''}{top}".replace(" ,", ",")
    if bounds is None or bounds.high == math.inf:
        return f"a number {bounds or ''} that is finite in float32".replace("  ", " ")
    return f"a number {bounds}"


def _split(hint: Any) -> tuple[Any, tuple[Any, ...]]:
    """Separate a type from the notes beside it."""
    if typing.get_origin(hint) is Annotated:
        kind, *notes = typing.get_args(hint)
        return kind, tuple(notes)
    return hint, ()


def _fits(value: Any, note: Any) -> bool:
    return value in note if isinstance(note, Range) else bool(value)


def _is_int(value: Any) -> bool:
    whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    return whole and abs(value) <= LARGEST_INT


def _is_float(value: Any) -> bool:
    real = isinstance(value, numbers.Real) and not isinstance(value, bool)
    return real and abs(value) <= LARGEST_FLOAT  # false of NaN and infinities too


_FORMS: Mapping[Any, tuple[Callable[[Any], bool], Callable[[Any], Any]]] = {
    bool: (lambda value: isinstance(value, bool), bool),
    int: (_is_int, int),
    float: (_is_float, float),
    str: (lambda value: isinstance(value, str), str),
}


def _other(kind: Any) -> tuple[Callable[[Any], bool], Callable[[Any], Any]]:
    """Check of a choice or of a section."""
    if typing.get_origin(kind) is Literal:
        choices = typing.get_args(kind)
        return lambda value: isinstance(value, str) and value in choices, str
    return lambda value: isinstance(value, kind), lambda value: value


def _read(hint: Any, value: Any) -> Any:
    return hint.from_dict(value) if is_section(hint) else value


def _compare(section: type[Section], settings: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """List the unknown and the missing keys of nested settings."""
    known = hints(section)
    unknown = [section.key(str(name)) for name in settings if name not in known]
    missing = [section.key(name) for name in known if name not in settings]
    for name in known.keys() & settings.keys():
        if not is_section(known[name]):
            continue
        if not isinstance(settings[name], Mapping):
            raise InputError(f"{name} must be a section of settings, got {settings[name]!r}")
        for found, more in zip(
            (unknown, missing), _compare(known[name], settings[name]), strict=True
        ):
            found += more
    return unknown, missing


def walk(section: type[Section]) -> Iterator[tuple[type[Section], str, Any]]:
    """Visit every field that is no section itself: its section, its name and its type."""
    for name, hint in hints(section).items():
        if is_section(hint):
            yield from walk(hint)
        else:
            yield section, name, hint
