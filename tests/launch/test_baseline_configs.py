"""The baselines' configurations: complete, and of the same size and length as SG-GAN's."""

import numpy as np
import pytest

from configs import bigan, common, cut, dualgan, sggan, simgan
from sggan_jax.config import Config
from sggan_jax.methods import make_method


@pytest.mark.parametrize("file", [dualgan, simgan, bigan, cut])
@pytest.mark.parametrize("name", sggan.PRESETS)
def test_every_preset_builds_its_method_and_differs_in_the_game_alone(name, file):
    config, ours = file.get_config(name), sggan.get_config(name)
    assert config.is_locked
    assert config.to_dict().keys() == common.get_config().to_dict().keys()
    assert config.method == file.__name__.rpartition(".")[2]
    make_method(Config.from_dict(config.to_dict()), np.zeros(256, np.uint8), 100)
    # The comparison is of methods: same images, same number of them, same steps and reports.
    assert config.train.to_dict() == ours.train.to_dict()
    assert config.data.to_dict() | {"class_groups": ""} == ours.data.to_dict() | {
        "class_groups": ""
    }
    assert config.optim.learning_rate == (
        5e-5 if (config.method, name) == ("dualgan", "paper") else ours.optim.learning_rate
    )


@pytest.mark.parametrize("file", [dualgan, simgan, bigan, cut])
def test_an_unknown_name_is_refused(file):
    with pytest.raises(ValueError, match="got 'papr'"):
        file.get_config("papr")
