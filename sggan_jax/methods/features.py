"""Terms of semantic-aware discriminators that see frozen features instead of pixels.

``adv_feat_r``, ``dis_feat_r`` judge fakes of the real domain beside real images by the class groups
of every position, at several strides of an ImageNet encoder; ``_v`` the same of the virtual domain.
A network exists where one of its terms has a weight.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import jax.numpy as jnp

from sggan_jax.config import Config
from sggan_jax.losses.adversarial import least_squares, least_squares_discriminator
from sggan_jax.methods.base import OptimiserGroup, Weight, chosen, is_on
from sggan_jax.methods.common import init_all
from sggan_jax.methods.encoder import CHANNELS, encode_levels
from sggan_jax.nets.features import FeatureDiscriminator, level_masks, project
from sggan_jax.types import Array, Params, Tensors

OTHER = {"r": "v", "v": "r"}


class FeatureJudges:
    """The feature discriminators of a configuration and their terms."""

    def __init__(
        self,
        config: Config,
        class_groups: int,
        weights: Mapping[str, Weight],
        weigh: Callable[[Array], Array | None],
        agree: Callable[[Array, Array], Array],
    ):
        """Build what the weights ask for.

        Args:
          config: the whole configuration; ``features`` describes the networks.
          class_groups: number of class groups.
          weights: of the terms.
          weigh: mask to the weights of its positions, or None.
          agree: mask of an image and of the one it is judged beside to what is judged of it.
        """
        self._settings, self._number = config.features, class_groups
        self._size = config.data.size
        self._weights, self._weigh, self._agree = weights, weigh, agree
        self.letters = tuple(
            x for x in "rv" if any(is_on(weights, f"{side}_feat_{x}") for side in ("adv", "dis"))
        )
        network = FeatureDiscriminator(
            config.features.width, class_groups, jnp.dtype(config.nets.dtype)
        )
        self.modules = {f"d_feat_{letter}": network for letter in self.letters}

    def init(self, rng: Array) -> dict[str, Any]:
        """Initialise the parameters of the networks."""
        features = [
            jnp.zeros((1, *(-(-side // stride) for side in self._size), self._channels(stride)))
            for stride in self._settings.strides
        ]
        masks = level_masks(jnp.zeros((1, *self._size), jnp.uint8), self._number, features)
        return init_all(self.modules, dict.fromkeys(self.modules, (features, masks)), rng)

    def group(self) -> dict[str, OptimiserGroup]:
        """Return the discriminators' optimiser group; none without networks."""
        if not self.modules:
            return {}
        rate = self._settings.rate
        return {
            "feature_discriminators": OptimiserGroup(tuple(self.modules), self._judge, rate=rate)
        }

    def generator_terms(self, params: Params, tensors: Tensors) -> dict[str, Callable[[], Array]]:
        """Build the terms by which generators mislead the discriminators."""
        return {f"adv_feat_{x}": partial(self._mislead, params, tensors, x) for x in "rv"}

    def _judge(self, params, tensors):
        terms = {f"dis_feat_{x}": partial(self._tell, params, tensors, x) for x in self.letters}
        return chosen(self._weights, **terms)

    def _mislead(self, params, tensors, letter):
        names = f"fake_{letter}", f"groups_{OTHER[letter]}", f"groups_{letter}"
        scores, masks = self._score(params, tensors, letter, *names)
        pairs = zip(scores, masks, strict=True)
        return _mean([least_squares(score, 1.0, self._weigh(mask)) for score, mask in pairs])

    def _tell(self, params, tensors, letter):
        groups, old = f"groups_{letter}", f"old_groups_{OTHER[letter]}"
        real = self._score(params, tensors, letter, letter, groups, old)
        fake = self._score(params, tensors, letter, f"old_fake_{letter}", old, groups)
        return _mean(
            [
                least_squares_discriminator(x, y, self._weigh(mask_x), self._weigh(mask_y))
                for x, mask_x, y, mask_y in zip(*real, *fake, strict=True)
            ]
        )

    def _score(self, params, tensors, letter, image, groups, others):
        """Score an image's features, with masks; ``others``: the groups it is judged beside."""
        features = encode_levels(tensors["encoder"], tensors[image], self._settings.strides)
        if self._settings.project:
            features = project(features, self._settings.width)
        masks, other_masks = (
            level_masks(tensors[name], self._number, features) for name in (groups, others)
        )
        masks = [self._agree(mask, other) for mask, other in zip(masks, other_masks, strict=True)]
        name = f"d_feat_{letter}"
        return self.modules[name].apply({"params": params[name]}, features, masks), masks

    def _channels(self, stride: int) -> int:
        return self._settings.width if self._settings.project else CHANNELS[stride]


def _mean(terms: list[Array]) -> Array:
    return jnp.mean(jnp.stack(terms))
