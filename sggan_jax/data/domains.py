"""The two domains of a configuration: prepared where that is still to do, then opened."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from sggan_jax.config import Config, Data, Domain
from sggan_jax.data.balance import balance
from sggan_jax.data.builders import BUILDERS, SourceSpec
from sggan_jax.data.labels import class_table
from sggan_jax.data.lists import find_places, read_list
from sggan_jax.data.prepare import prepare
from sggan_jax.data.sources import PreparedSource, Source, Subset, draw, open_source
from sggan_jax.types import InputError


def domains_of(data: Data) -> tuple[Domain, ...]:
    """Name the domains that there are."""
    return ("virtual", "real") if data.real else ("virtual",)


def domain_spec(data: Data, domain: Domain) -> SourceSpec:
    """Describe a domain's source."""
    own = {
        "virtual": (data.virtual, data.virtual_dir, data.virtual_table),
        "real": (data.real, data.real_dir, data.real_table),
    }
    builder, path, table = own[domain]
    return SourceSpec(builder, path, table, domain, data.toycity_train, data.toycity_test)


def list_of(data: Data, domain: Domain) -> str:
    """File that names the images of a domain to use; empty for all."""
    return {"virtual": data.virtual_list, "real": data.real_list}[domain]


def check_data(data: Data) -> None:
    """Refuse settings that name no data set, folder, class table or list, before any is prepared.

    Raises:
      InputError: naming the key, the value and what is allowed.
    """
    for domain in domains_of(data):
        spec = domain_spec(data, domain)
        if spec.builder not in BUILDERS:
            raise InputError(
                f"data.{domain} must be one of {', '.join(BUILDERS)}, got {spec.builder!r}"
            )
        if spec.builder != "toycity" and not Path(spec.path).expanduser().is_dir():
            raise InputError(
                f"data.{domain}_dir must be the folder of {spec.builder}'s files, got {spec.path!r}"
            )
        with naming(f"data.{domain}_table"):
            class_table(spec.table)
        if list_of(data, domain):
            with naming(f"data.{domain}_list"):
                read_list(list_of(data, domain))


@contextlib.contextmanager
def naming(key: str) -> Iterator[None]:
    """Begin what is refused meanwhile with the setting that it is about."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{key}: {error}") from error


def open_domain(
    data: Data,
    domain: Domain,
    split: str | None = None,
    progress: bool = True,
    size: tuple[int, int] | None = None,
) -> PreparedSource:
    """Open a domain, building its data set first where there is none.

    Args:
      data: the settings.
      domain: ``virtual`` or ``real``.
      split: of the data set; None for the one trained on.
      progress: whether to draw a progress bar while building.
      size: height and width; None for the training size.

    Raises:
      InputError: if the source is missing, empty, or cannot be used.
    """
    return open_prepared(domain_spec(data, domain), data, split or data.split, progress, size)


def open_prepared(
    spec: SourceSpec,
    data: Data,
    split: str,
    progress: bool = True,
    size: tuple[int, int] | None = None,
) -> PreparedSource:
    """Open a split of any source, building its data set first where needed.

    Args:
      spec: the source.
      data: for the size and the directory.
      split: of the data set.
      progress: whether to draw a progress bar while building.
      size: height and width; None for the training size.

    Raises:
      InputError: if the source is missing, empty, or cannot be used.
    """
    height, width = size or (data.height, data.width)
    info = prepare(spec, data.data_dir, height, width, progress)
    if info.refused and not info.reused:
        what = spec.path or spec.look
        print(f"{what}: {len(info.refused)} pairs were refused, the first: {info.refused[0]}")
    return open_source(spec, data.data_dir, split, height, width)


def open_training(config: Config) -> tuple[Source, Source | None]:
    """Open what a run trains on, no more of it than the configuration allows.

    Args:
      config: for its ``data`` and ``seed``.

    Returns:
      The virtual domain, and the real one; None where ``data.real`` is empty.

    Raises:
      InputError: if a source is missing, empty or cannot be used, or holds fewer images than asked.
    """
    virtual = _open_chosen(config, "virtual")
    return virtual, _open_chosen(config, "real") if config.data.real else None


def _open_chosen(config: Config, domain: Domain) -> Source:
    """Open a domain, then take what its list names, of that a number, and repeat what is rare."""
    data, listing = config.data, list_of(config.data, domain)
    count = {"virtual": data.virtual_count, "real": data.real_count}[domain]
    wanted = read_list(listing) if listing else []
    source: Source = open_domain(data, domain, size=data.stored_size)
    if listing:
        source = Subset(source, find_places(source.names, wanted, listing))
    if count > len(source):
        raise InputError(
            f"data.{domain}_count asks for {count} images, but the {domain} data set has "
            f"{len(source)} in {listing or data.split}; 0 takes all"
        )
    # No prefix of the numbers that order an epoch: those are (seed, domain, epoch).
    seed = (config.seed, ("virtual", "real").index(domain), 0, 1)
    if count:
        source = draw(source, count, seed)
    return balance(source, data.balance, (*seed, 1)) if data.balance else source
