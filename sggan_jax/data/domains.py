"""The two domains of a configuration: prepared where that is still to do, then opened."""

from sggan_jax.data.balance import balance
from sggan_jax.data.builders import SourceSpec, source_table
from sggan_jax.data.class_table import ClassTable
from sggan_jax.data.labels import CITYSCAPES, GROUPINGS, GTAV, stored_table
from sggan_jax.data.lists import find_places, read_list
from sggan_jax.data.prepare import prepare
from sggan_jax.data.sources import PreparedSource, Source, Subset, draw, open_source
from sggan_jax.types import Config, InputError


def domain_spec(data: Config, domain: str) -> SourceSpec:
    """Describe a domain's source.

    Args:
      data: ``config.data`` of ``configs/common.py``.
      domain: ``virtual`` or ``real``.
    """
    return SourceSpec(
        builder=getattr(data, domain),
        path=getattr(data, f"{domain}_dir"),
        table=getattr(data, f"{domain}_table"),
        look=domain,
        train=data.toycity_train,
        test=data.toycity_test,
        accept_labels=data.accept_labels,
    )


def stored_size(data: Config) -> tuple[int, int]:
    """Return the height and width at which images for training are stored.

    Raises:
      InputError: if it is smaller than the training size.
    """
    size = data.stored_height or data.height, data.stored_width or data.width
    if size[0] < data.height or size[1] < data.width:
        raise InputError(
            f"data.stored_height and stored_width ask for {size[0]}x{size[1]}, which is smaller "
            f"than the windows of {data.height}x{data.width} to cut out of it"
        )
    return size


def open_domain(
    data: Config,
    domain: str,
    split: str | None = None,
    progress: bool = True,
    size: tuple[int, int] | None = None,
) -> PreparedSource:
    """Open a domain, building its data set first where there is none.

    Args:
      data: ``config.data`` of ``configs/common.py``.
      domain: ``virtual`` or ``real``.
      split: of the data set; None for the one trained on.
      progress: whether to draw a progress bar while building.
      size: height and width; None for the training size.

    Raises:
      InputError: if the source is missing, empty, or cannot be used.
    """
    size = size or (data.height, data.width)
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


def check_id_spaces(data: Config) -> None:
    """Refuse label ids that mean something else in the other domain, or to the class groups.

    Raises:
      InputError: naming both class tables, or the table and the groups.
    """
    domains = ("virtual", "real") if data.real else ("virtual",)
    tables = [stored_table(source_table(domain_spec(data, domain))) for domain in domains]
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


def _id_space(table: ClassTable) -> str:
    if table in (CITYSCAPES, GTAV):
        return "cityscapes"
    return f"{table.ids.tolist()} {table.names}"


def open_training(config: Config) -> tuple[Source, Source | None]:
    """Open what a run trains on, no more of it than the configuration allows.

    Args:
      config: with ``data`` and ``seed`` of ``configs/common.py``.

    Returns:
      The virtual domain, and the real one; None where ``data.real`` is empty.

    Raises:
      InputError: if a source is missing, empty or cannot be used, or holds fewer images than asked.
    """
    check_id_spaces(config.data)
    virtual = _open_chosen(config, "virtual")
    return virtual, _open_chosen(config, "real") if config.data.real else None


def _open_chosen(config: Config, domain: str) -> Source:
    """Open a domain, then take what its list names, of that a number, and repeat what is rare."""
    count = getattr(config.data, f"{domain}_count")
    if count < 0:
        raise InputError(f"data.{domain}_count must not be negative, got {count}")
    listing = getattr(config.data, f"{domain}_list")
    wanted = read_list(listing) if listing else []
    source: Source = open_domain(config.data, domain, size=stored_size(config.data))
    if listing:
        source = Subset(source, find_places(source.names, wanted, listing))
    if count > len(source):
        raise InputError(
            f"data.{domain}_count asks for {count} images, but the {domain} data set has "
            f"{len(source)} in {listing or config.data.split}; 0 takes all"
        )
    # No prefix of the numbers that order an epoch: those are (seed, domain, epoch).
    seed = (config.seed, ("virtual", "real").index(domain), 0, 1)
    if count:
        source = draw(source, count, seed)
    return balance(source, config.data.balance, (*seed, 1)) if config.data.balance else source
