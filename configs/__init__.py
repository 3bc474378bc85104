"""Configuration files for the programs in ``launch``."""
