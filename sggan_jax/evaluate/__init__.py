"""Measures of what an adaptation did, and pictures of it."""
