"""Inference: a run directory as a function on images, and whole folders through it."""
