"""A run described for its directory, so that nobody needs its method to use its networks."""

from sggan_jax.config import Config
from sggan_jax.data.labels import group_names, group_table
from sggan_jax.methods.base import Method
from sggan_jax.runs.description import Run
from sggan_jax.runs.networks import describe


def describe_run(config: Config, method: Method, steps_per_epoch: int) -> Run:
    """Describe a run.

    Args:
      config: of the run.
      method: the method of that configuration.
      steps_per_epoch: optimisation steps of an epoch.

    Raises:
      InputError: if the class groups are unknown.
    """
    data = config.data
    return Run(
        config=config.to_dict(),
        steps_per_epoch=steps_per_epoch,
        networks={name: describe(module) for name, module in method.modules.items()},
        adapts=dict(method.adapters),
        size=data.size,
        tables={"virtual": data.virtual_table, "real": data.real_table},
        class_groups=tuple(group_table(data.class_groups).tolist()),
        group_names=group_names(data.class_groups),
        scale=data.scale,
    )
