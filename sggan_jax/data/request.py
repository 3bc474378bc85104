"""What a user asks: prepare or check one data set, or both domains of a run to come."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from sggan_jax.config import Config
from sggan_jax.data.builders import SourceSpec
from sggan_jax.data.builders.chunks import count_cores
from sggan_jax.data.domains import check_data, domain_spec, domains_of
from sggan_jax.data.lists import COMPARE, TRAIN, draw_lists, write_lists
from sggan_jax.data.needs import check_labels_there
from sggan_jax.data.prepare import PreparedInfo, check, prepare, usable_pairs
from sggan_jax.data.statistics_page import write_statistics
from sggan_jax.types import InputError


@dataclasses.dataclass(frozen=True)
class How:
    """How data sets are prepared.

    Attributes:
      workers: processes at most; 0 for as many as there are cores.
      check: read and report, write no data.
      accept_labels: take labels as they are though they make no street.
    """

    workers: int = 0
    check: bool = False
    accept_labels: bool = False


def prepare_domains(config: Config, how: How) -> list[PreparedInfo]:
    """Prepare the domains of a run to come, all its settings of data checked first.

    Raises:
      InputError: if a setting or a data set cannot be used.
    """
    data = config.data
    check_data(data)
    check_labels_there(config)
    specs = [domain_spec(data, domain) for domain in domains_of(data)]
    return [prepare_one(spec, data.data_dir, data.stored_size, how) for spec in specs]


def prepare_one(spec: SourceSpec, data_dir: str, size: tuple[int, int], how: How) -> PreparedInfo:
    """Prepare or check one data set.

    Raises:
      InputError: if it cannot be used.
    """
    accept = spec.accept_labels or how.accept_labels
    spec = dataclasses.replace(spec, accept_labels=accept)
    workers = how.workers or count_cores()
    if how.check:
        return check(spec, *size, workers=workers)
    return prepare(spec, data_dir, *size, workers=workers)


def write_report(page: str | Path, infos: Sequence[PreparedInfo], command: str) -> None:
    """Write the page of statistics of one data set or two."""
    named = [Path(info.spec.path).name or f"toy city, {info.spec.look}" for info in infos]
    write_statistics(page, infos, f"Data: {' and '.join(named)}", command)


def write_paper_lists(
    infos: Sequence[PreparedInfo],
    config: Config,
    folder: str,
    train: int = TRAIN,
    compare: int = COMPARE,
) -> list[Path]:
    """Draw the paper's lists of names of two domains by the seed.

    Raises:
      InputError: if a domain has not the split that is trained on.
    """
    split = config.data.split
    for info in infos:
        if split not in info.surveys:
            raise InputError(f"{info.spec.path} has no split {split!r} to draw lists from.")
    virtual, real = ([pair.name for pair in usable_pairs(info, split)] for info in infos)
    return write_lists(draw_lists(virtual, real, config.seed, train, compare), folder)
