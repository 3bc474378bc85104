"""Data sets, class tables, transforms and the input pipeline."""
