"""Which packages are built: installed, programs and presets lie inside ``sggan_jax``."""

import sys

from setuptools import find_packages, setup

HOME = "sggan_jax._programs"  # where sggan_jax/cli.py looks for them
INSIDE = {f"{HOME}.{name}": name for name in find_packages(include=["launch*", "configs*"])}
BESIDE = {name: name for name in INSIDE.values()}  # an editable install is the checkout itself

programs = BESIDE if "editable_wheel" in sys.argv else INSIDE
setup(
    packages=[*find_packages(include=["sggan_jax*"]), *programs],
    package_dir={name: folder.replace(".", "/") for name, folder in programs.items()},
)
