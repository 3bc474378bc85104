"""Labels where they are needed: who needs them, and what is told where there are none."""

from collections.abc import Mapping
from pathlib import Path

from sggan_jax.config import Config, Domain
from sggan_jax.data.builders import SourceSpec
from sggan_jax.data.domains import domain_spec, domains_of
from sggan_jax.folders import walk
from sggan_jax.types import InputError


def who_needs_labels(config: Config) -> dict[Domain, str]:
    """Tell which domains must have labels, each with the setting that needs them.

    >>> who_needs_labels(Config(method="simgan"))
    {}
    >>> who_needs_labels(Config(method="segmenter"))["virtual"]
    'method = segmenter learns from them'
    """
    data, weights = config.data, config.weights
    needs: dict[Domain, str] = {}
    if data.balance:
        needs |= dict.fromkeys(domains_of(data), "data.balance repeats images by their classes")
    if config.method in ("segmenter", "fcns_in_the_wild"):
        needs["virtual"] = f"method = {config.method} learns from them"
    if config.seg.both_domains:
        needs["real"] = "seg.both_domains learns from them"
    if config.seg.shares:
        needs["real"] = f"seg.shares = {config.seg.shares:g} counts them"
    if config.method == "sggan":
        terms: Mapping[Domain, float] = {"virtual": weights.grad_v, "real": weights.grad_r}
        for domain, weight in terms.items():
            if weight:
                name = f"weights.grad_{domain[0]}"
                needs[domain] = f"{name} = {weight:g} keeps gradients where classes meet"
            if data.class_groups != "one":
                needs[domain] = (
                    f"data.class_groups = {data.class_groups!r} judges every group of classes by "
                    f"itself (one, and gradient terms of weight 0, need no labels)"
                )
    return {domain: needs[domain] for domain in domains_of(data) if domain in needs}


def check_labels_there(config: Config) -> None:
    """Refuse a domain without labels where training needs them, before data are prepared.

    Raises:
      InputError: naming the setting that needs them, and what was found instead.
    """
    for domain, reason in who_needs_labels(config).items():
        require_labels(domain_spec(config.data, domain), f"training needs them: {reason}")


def require_labels(spec: SourceSpec, reason: str) -> None:
    """Refuse a folder data set without ``labels/``.

    Args:
      spec: the data set; all other builders have labels.
      reason: who needs them, as the end of a sentence.

    Raises:
      InputError: naming what was found instead.
    """
    root = spec.root() if spec.builder == "folder" else None
    if root is None or not root.is_dir() or (root / "labels").is_dir():
        return
    found = describe_folders(root)
    told = f" {found}." if found else f" Put the label maps into {root}/labels/."
    raise InputError(f"{root} has no labels/, and {reason}.{told}")


def has_labels(source: Path) -> bool:
    """Whether a folder is a data set of images and labels.

    Raises:
      InputError: if it holds images/ and its labels under another name, or none that can be read.
    """
    if not (source / "images").is_dir():
        return False
    if (source / "labels").is_dir():
        return True
    if found := describe_folders(source):
        raise InputError(
            f"{source} has no labels/, and {found}; or adapt {source / 'images'} alone"
        )
    return False


def describe_folders(root: Path) -> str:
    """Tell which folders beside ``images/`` hold PNG files, as label maps are, or what labels is.

    Returns:
      A sentence without its full stop; empty where there are none.
    """
    labels = root / "labels"
    if labels.is_symlink() or labels.is_file():
        return f"{labels} is no folder, but a file or a broken link: put it right"
    counts = {
        folder: sum(name.suffix.lower() == ".png" for name in walk(folder))
        for folder in sorted(path for path in root.iterdir() if path.is_dir())
        if folder.name != "images" and not folder.name.startswith(".")
    }
    held = [f"{folder}/ holds {count} .png" for folder, count in counts.items() if count]
    return f"{', '.join(held)}: call it labels/" if held else ""
