"""Lists of names: which images a run may see, and which are kept for comparing afterwards."""

import re
from collections import Counter
from collections.abc import Collection, Container, Sequence
from pathlib import Path, PurePosixPath

import numpy as np

from sggan_jax.files import list_names, read_names, write_text
from sggan_jax.folders import is_image
from sggan_jax.types import InputError

TRAIN, COMPARE = 2000, 500
"""Images of each domain in SG-GAN-2K and for comparison (section 4.1 of the paper)."""

_DOMAINS = ("virtual", "real")
_QUOTES = "\"'"


def draw_lists(
    virtual: Sequence[str],
    real: Sequence[str],
    seed: int,
    train: int = TRAIN,
    compare: int = COMPARE,
) -> dict[str, list[str]]:
    """Draw the paper's sets: SG-GAN-2K, SG-GAN-25K, and images for comparison that are in neither.

    The paper's 25K counts all 24,966 images of GTA-V and draws the 500 for comparison from the same
    source; here they stay apart, so 25K is all images but those.

    Args:
        virtual: Names of the virtual domain, in any order.
        real: Names of the real one.
        seed: Decides which; not negative.
        train: Images of each domain to train on.
        compare: Images of each domain for comparison.

    Returns:
        Sorted names by list: ``virtual_train``, ``virtual_all`` (which holds it), and
        ``virtual_compare`` (which meets neither), ``real_train`` and ``real_compare``.

    Raises:
        InputError: A domain has too few images, or a number is impossible.

    Example:
        >>> lists = draw_lists("abcdef", "uvwxyz", seed=0, train=2, compare=1)
        >>> len(lists["virtual_compare"]), len(lists["virtual_train"]), len(lists["virtual_all"])
        (1, 2, 5)
    """
    if seed < 0 or train < 1 or compare < 0:
        raise InputError(
            f"Lists of {train} and {compare} names by seed {seed} are impossible: seed and numbers "
            "must not be negative, and training needs at least one."
        )
    lists: dict[str, list[str]] = {}
    for number, (domain, names) in enumerate(zip(_DOMAINS, (virtual, real), strict=True)):
        if len(names) < train + compare:
            raise InputError(
                f"The {domain} domain has {len(names)} usable images, which is less than {train} "
                f"to train on and {compare} to compare: ask for shorter lists."
            )
        ranked = np.array(sorted(names))
        drawn = ranked[np.random.default_rng((seed, number)).permutation(len(ranked))]
        lists[f"{domain}_compare"] = sorted(drawn[:compare].tolist())
        lists[f"{domain}_train"] = sorted(drawn[compare : compare + train].tolist())
        if domain == "virtual":
            lists[f"{domain}_all"] = sorted(drawn[compare:].tolist())
    return lists


def write_lists(lists: dict[str, list[str]], folder: str | Path) -> list[Path]:
    """Write every list as ``NAME.txt``, one name a line; return the files."""
    folder = Path(folder)
    paths = []
    for name, names in lists.items():
        paths.append(folder / f"{name}.txt")
        write_text(paths[-1], list_names(names))
    return paths


def read_list(path: str | Path) -> list[str]:
    """Read a list of names.

    Raises:
        InputError: It cannot be read, names nothing, or names something twice.
    """
    names = read_names(Path(path))
    if not names:
        raise InputError(f"{path} names no image: list one name a line.")
    _check_once(names, path)
    return names


def find_name(line: str, names: Container[str]) -> str:
    """Find which name of a data set a line of a list means.

    It is the name itself or the path of its image, alone or as the first of several columns, as in
    lists of images and their labels.

    Args:
        line: As ``read_names`` returns it.
        names: Of the data set.

    Returns:
        A name of the data set; the line where it means none.

    Example:
        >>> find_name("images/a/b.png", {"a/b"}), find_name("a/b", {"a/b"}), find_name("c", {"a/b"})
        ('a/b', 'a/b', 'c')
        >>> find_name("images/b c.png labels/b c.png", {"b c"}), find_name("b.png,7", {"b"})
        ('b c', 'b')
    """
    ends = [match.start() for match in re.finditer(r"[\s,;]", line)]
    columns = [end for end in reversed(ends) if is_image(PurePosixPath(line[:end].rstrip(_QUOTES)))]
    for end in (len(line), *columns):
        path = PurePosixPath(line[:end].rstrip(_QUOTES))
        bare = path.with_suffix("").as_posix() if is_image(path) else path.as_posix()
        for name in (line[:end], path.as_posix(), bare):
            for meant in (name, name.rpartition("images/")[2]):
                if meant in names:
                    return meant
    return line


def find_places(
    names: Sequence[str], wanted: Sequence[str], where: str, elsewhere: Collection[str] = ()
) -> list[int]:
    """Find the places of names in a split of a data set, in the order of the split.

    Args:
        names: Of the split.
        wanted: Names, or paths of images.
        where: Who wants them, for the message.
        elsewhere: Names of the data set's other splits, which may be wanted there.

    Raises:
        InputError: The data set lacks some, the message says how many and the first; or the split
            has none, or one is wanted twice.
    """
    places = {name: place for place, name in enumerate(names)}
    others = set(elsewhere) - places.keys()
    wanted = [find_name(line, places.keys() | others) for line in wanted]
    _check_once(wanted, where)
    lacking = [name for name in wanted if name not in places and name not in others]
    if lacking:
        raise InputError(
            f"{where} names {len(lacking)} images that the data set does not have, the first "
            f"{lacking[0]!r}; its own are called like {names[0]!r}."
        )
    found = sorted(places[name] for name in wanted if name in places)
    if not found:
        raise InputError(
            f"{where} names images of other splits of the data set alone, such as {wanted[0]!r}."
        )
    return found


def _check_once(names: Sequence[str], where: str | Path) -> None:
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise InputError(f"{where} names {twice[0]!r} more than once.")
