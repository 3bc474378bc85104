"""Generators as files: exported for other programs to run, readable without the run they are of."""
