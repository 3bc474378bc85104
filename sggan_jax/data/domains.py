"""The two domains of a configuration: prepared where that is still to do, then opened."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

from sggan_jax.config import Config, Data, Domain, Evaluate
from sggan_jax.data.balance import balance
from sggan_jax.data.builders import BUILDERS, SourceSpec, source_table
from sggan_jax.data.class_table import ClassTable
from sggan_jax.data.held_out import choose_held_out
from sggan_jax.data.labels import CITYSCAPES, GROUPINGS, GTAV, class_table, stored_table
from sggan_jax.data.lists import find_places, read_list
from sggan_jax.data.matching import pair_by_name
from sggan_jax.data.prepare import prepare
from sggan_jax.data.sides import find_swap
from sggan_jax.data.sources import PreparedSource, Source, Subset, draw, open_source
from sggan_jax.messages import warn
from sggan_jax.types import InputError

_CITYSCAPES = {
    pair
    for table in (CITYSCAPES, GTAV)
    for pair in zip(table.ids.tolist(), table.names, strict=True)
}
"""Ids and names of classes that the groupings know, also where a table in a file has them."""


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
    return SourceSpec(
        builder=builder,
        path=path,
        table=table,
        look=domain,
        train=data.toycity_train,
        test=data.toycity_test,
        accept_labels=data.accept_labels,
    )


def list_of(data: Data, domain: Domain) -> str:
    """File that names the images of a domain to use; empty for all."""
    return {"virtual": data.virtual_list, "real": data.real_list}[domain]


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
      size: height and width; None for those of whole images in training (``data.scale``).

    Raises:
      InputError: if the source is missing, empty, or cannot be used.
    """
    size = size or data.scale
    spec = domain_spec(data, domain)
    return open_prepared(spec, data.data_dir, size, split or data.split, progress)


def open_prepared(
    spec: SourceSpec, directory: str, size: tuple[int, int], split: str, progress: bool = True
) -> PreparedSource:
    """Open a split of any source, building its data set first where needed.

    Args:
      spec: the source.
      directory: of prepared data sets.
      size: height and width.
      split: of the data set.
      progress: whether to draw a progress bar while building.

    Raises:
      InputError: if the source is missing, empty, or cannot be used.
    """
    info = prepare(spec, directory, *size, progress)
    if info.refused and not info.reused:
        what = spec.path or spec.look
        print(f"{what}: {len(info.refused)} pairs were refused, the first: {info.refused[0]}")
    return open_source(spec, directory, split, *size)


def check_data(data: Data) -> None:
    """Refuse settings that name no data set, folder, table or list, before any is prepared.

    Raises:
      InputError: naming the key, the value and what is allowed.
    """
    for domain in domains_of(data):
        spec = domain_spec(data, domain)
        if spec.builder not in BUILDERS:
            raise InputError(
                f"data.{domain} must be one of {', '.join(BUILDERS)}, got {spec.builder!r}"
            )
        there = spec.path and Path(spec.path).expanduser().is_dir()
        if spec.builder != "toycity" and not there:
            raise InputError(
                f"data.{domain}_dir must be the folder of {spec.builder}'s files, got {spec.path!r}"
            )
        with naming(f"data.{domain}_table"):
            class_table(spec.table)
        if list_of(data, domain):
            with naming(f"data.{domain}_list"):
                read_list(list_of(data, domain))
    check_id_spaces(data)
    if swapped := find_swap(data):
        warn(swapped)


@contextlib.contextmanager
def naming(key: str) -> Iterator[None]:
    """Begin what is refused meanwhile with the setting that it is about."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{key}: {error}") from error


def check_id_spaces(data: Data) -> None:
    """Refuse label ids that mean something else in the other domain, or to the class groups.

    Raises:
      InputError: naming both class tables, or the table and the groups.
    """
    specs = [domain_spec(data, domain) for domain in domains_of(data)]
    tables = [stored_table(source_table(spec)) for spec in specs]
    if data.class_groups == "one":
        return
    if len(tables) == 2 and _id_space(tables[0]) != _id_space(tables[1]):
        raise InputError(
            f"data.virtual_table stores labels as ids of {tables[0].name!r} and data.real_table as "
            f"ids of {tables[1].name!r}: one id means two classes, and no discriminator of class "
            f"groups can be right. Map your own classes to Cityscapes' (the key cityscapes of "
            f"every class, docs/data.md), or label both domains alike"
        )
    if data.class_groups in GROUPINGS and _id_space(tables[0]) != "cityscapes":
        raise InputError(
            f"data.class_groups = {data.class_groups!r} groups Cityscapes ids, but labels are "
            f"stored as ids of {tables[0].name!r}: set data.class_groups to the file of that table "
            f"(its classes name their groups), or give each class the key cityscapes (docs/data.md)"
        )


def check_ids_learned(table: ClassTable, learned: str) -> None:
    """Refuse labels that are stored as other ids than a network learned.

    Args:
      table: classes of the label files.
      learned: class table of the network's own labels, by name or file; nothing is told of one that
        is not known here.

    Raises:
      InputError: naming both tables.
    """
    try:
        known = stored_table(class_table(learned))
    except InputError:  # a file of another machine
        return
    if _id_space(stored_table(table)) != _id_space(known):
        raise InputError(
            f"labels are stored as ids of {table.name!r}, and the segmentation network learned "
            f"ids of {known.name!r}: map the classes to Cityscapes' (the key cityscapes of every "
            f"class, docs/data.md), or give a network that learned these"
        )


def _id_space(table: ClassTable) -> str:
    if set(zip(table.ids.tolist(), table.names, strict=True)) <= _CITYSCAPES:
        return "cityscapes"
    return f"{table.ids.tolist()} {table.names}"


def open_training(config: Config) -> tuple[Source, Source | None]:
    """Open what a run trains on, no more of it than the configuration allows.

    Args:
      config: for its ``data``, ``evaluate`` and ``seed``.

    Returns:
      The virtual domain, and the real one; None where ``data.real`` is empty. Images that are held
      out are in neither; with ``data.paired`` both hold images of the same names, in one order.

    Raises:
      InputError: if a source is missing, empty or cannot be used, or holds fewer images than asked.
    """
    virtual = _open_chosen(config, "virtual")
    if not config.data.real:
        return virtual, None
    real = _open_chosen(config, "real")
    return pair_by_name(virtual, real) if config.data.paired else (virtual, real)


def open_held_out(config: Config, domain: Domain) -> Source:
    """Open what a run never trains on, of one domain.

    Args:
      config: for its ``data`` and ``evaluate``.
      domain: of the images.

    Raises:
      InputError: if a source cannot be used, or holds fewer images than are to be held out.
    """
    source = _open_listed(config.data, domain)
    held_out = _hold_out(source, config.evaluate, domain)
    return _pick(source, lambda name: name in held_out)


def open_validation(data: Data, domain: Domain) -> PreparedSource | None:
    """Open the split ``val`` of a domain; None where there is none, or it is trained on."""
    spec, size = domain_spec(data, domain), data.stored_size
    counts = prepare(spec, data.data_dir, *size, False).counts
    if data.split == "val" or not counts.get("val"):
        return None
    return open_source(spec, data.data_dir, "val", *size)


def _open_chosen(config: Config, domain: Domain) -> Source:
    """Open a domain but what is held out, take a number of it, and repeat what is rare."""
    data = config.data
    count = {"virtual": data.virtual_count, "real": data.real_count}[domain]
    source = _open_listed(data, domain)
    if config.evaluate.holds_out:
        held_out = _hold_out(source, config.evaluate, domain)
        source = _pick(source, lambda name: name not in held_out)
    if count > len(source):
        left = " beside those held out" if config.evaluate.holds_out else ""
        raise InputError(
            f"data.{domain}_count asks for {count} images, but the {domain} data set has "
            f"{len(source)} in {list_of(data, domain) or data.split}{left}; 0 takes all"
        )
    # No prefix of the numbers that order an epoch: those are (seed, domain, epoch).
    seed = (config.seed, ("virtual", "real").index(domain), 0, 1)
    if count:
        source = draw(source, count, seed)
    return balance(source, data.balance, (*seed, 1)) if data.balance else source


def _open_listed(data: Data, domain: Domain) -> Source:
    """Open a domain and take what its list names."""
    listing = list_of(data, domain)
    wanted = read_list(listing) if listing else []
    source = open_domain(data, domain, size=data.stored_size)
    if not listing:
        return source
    return Subset(source, find_places(source.names, wanted, listing, source.elsewhere))


def _hold_out(source: Source, evaluate: Evaluate, domain: Domain) -> frozenset[str]:
    """Choose the names that are held out."""
    with naming(f"evaluate.{'fraction' if evaluate.fraction else 'count'}"):
        chosen = choose_held_out(
            source.names,
            evaluate.seed,
            domain,
            count=None if evaluate.fraction else evaluate.count,
            fraction=evaluate.fraction or None,
            by_drive=evaluate.by_drive,
        )
    return frozenset(chosen)


def _pick(source: Source, wanted: Callable[[str], bool]) -> Source:
    """Take the examples whose names are wanted."""
    return Subset(source, [k for k, name in enumerate(source.names) if wanted(name)])
