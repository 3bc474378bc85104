"""Measurements of this library against itself and against PyTorch; needs the extra ``bench``."""
