"""Losses as pure functions of arrays; importing them imports jax and nothing heavier."""
