"""The two domains of a configuration: prepared where that is still to do, then opened."""

from sggan_jax.data.builders import SourceSpec
from sggan_jax.data.pipeline import PreparedSource, open_source
from sggan_jax.data.prepare import prepare
from sggan_jax.types import Config


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
    )


def open_domain(
    data: Config, domain: str, split: str | None = None, progress: bool = True
) -> PreparedSource:
    """Open a domain at training size, building its data set first where there is none.

    Args:
      data: ``config.data`` of ``configs/common.py``.
      domain: ``virtual`` or ``real``.
      split: of the data set; None for the one trained on.
      progress: whether to draw a progress bar while building.

    Raises:
      InputError: if the source is missing, empty, or cannot be used.
    """
    spec = domain_spec(data, domain)
    info = prepare(spec, data.data_dir, data.height, data.width, progress)
    if info.refused and not info.reused:
        print(f"{domain}: {len(info.refused)} pairs were refused, the first: {info.refused[0]}")
    return open_source(spec, data.data_dir, split or data.split, data.height, data.width)
