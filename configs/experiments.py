"""Rows of a benchmark's table as configurations; ``configs/benchmark.py`` lists them."""

from ml_collections import ConfigDict


def with_changes(config: ConfigDict, **values) -> ConfigDict:
    """Copy a configuration with some keys set, ``a.b`` written ``a__b``."""
    changed = config.copy_and_resolve_references()
    changed.update_from_flattened_dict({k.replace("__", "."): v for k, v in values.items()})
    return changed


def experiment(
    title: str,
    segment: ConfigDict,
    adapt: ConfigDict | None = None,
    *,
    colour_transfer: str = "",
    images: str = "",
    real_labels: int | str = 0,
    domain: str = "virtual",
    predicted: bool = False,
    paper: str = "",
) -> ConfigDict:
    """Describe an experiment, see :class:`sggan_jax.reproduce.experiment.Experiment`."""
    return ConfigDict(
        {
            "title": title,
            "adapt": adapt or ConfigDict(),
            "colour_transfer": colour_transfer,
            "segment": segment,
            "images": images,
            "real_labels": real_labels,
            "domain": domain,
            "predicted": predicted,
            "paper": paper,
        }
    )
