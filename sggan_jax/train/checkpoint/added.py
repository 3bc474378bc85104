"""Settings that are newer than the first runs, and what those runs did before there were any.

A run directory keeps the settings it was trained with. Where its file is older than a setting, the
run had the value here, whatever the default has become since. A setting added to
``configs/common.py`` needs a line here, unless a run may change it at will.
"""

from collections.abc import Mapping
from typing import Any

BEFORE: Mapping[str, Any] = {
    "data.virtual_count": 0,
    "data.real_count": 0,
    "data.virtual_list": "",
    "data.real_list": "",
    "data.balance": 0.0,
    "data.stored_height": 0,
    "data.stored_width": 0,
    "data.crop_shift": 0.0,
    "data.scale_low": 1.0,
    "data.scale_high": 1.0,
    "data.colour": 0.0,
    "nets.skip_image": False,
    "weights.dis_vr": 1.0,
    "weights.reg_v": 10.0,
    "weights.seg": 1.0,
    "weights.adv_seg": 0.1,
    "weights.dis_seg": 1.0,
    "weights.size_r": 0.1,
    "loss.region_balance": 0.0,
    "loss.clip": 0.01,
    "loss.penalty": 0.0,
    "loss.critic_steps": 2,
    "sim.width": 64,
    "sim.blocks": 4,
    "sim.dis_width": 96,
    "sim.refiner_steps": 1000,
    "sim.dis_steps": 200,
    "sim.ratio": 2,
    "seg.network": "light",
    "seg.width": 1.0,
    "seg.depth": 1.0,
    "seg.encoder_weights": "",
    "seg.standardise": True,
    "seg.hard_threshold": 0.6,
    "seg.hard_pixels": 256,
    "wild.dis_width": 128,
    "wild.history": 256,
    "optim.kind": "adam",
    "optim.weight_decay": 0.0,
    "optim.decay_power": 1.0,
    "optim.dis_rate": 1.0,
}


def complete(config: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Give a configuration the settings it is too old to know.

    Args:
      config: nested dicts; one without ``train`` is of an imported generator, and left as it is.

    Returns:
      The configuration, and what it lacked by dotted key.

    >>> config, lacked = complete({"train": {}, "loss": {"clip": 0.5}})
    >>> config["loss"]["clip"], config["loss"]["penalty"], lacked["loss.penalty"]
    (0.5, 0.0, 0.0)
    """
    full = {key: dict(x) if isinstance(x, Mapping) else x for key, x in config.items()}
    lacked: dict[str, Any] = {}
    if "train" not in config:
        return full, lacked
    for key, value in BEFORE.items():
        section, name = key.split(".")
        if name not in full.setdefault(section, {}):
            full[section][name] = lacked[key] = value
    return full, lacked
