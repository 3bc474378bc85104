"""The project speaks the field's language: words that only it once used stay out."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = [
    path
    for top in ("sggan_jax", "launch", "configs", "docs", "benchmarks", "tests")
    for suffix in ("*.py", "*.md", "*.html")
    for path in sorted((ROOT / top).rglob(suffix))
    if "toycity" not in path.parts and path != Path(__file__)
] + [ROOT / "README.md"]

# Ours, and the field's.
WORDS = {
    "rungs?|ladders?|climb(s|ed)?": "experiment, benchmark, run",
    "halvings?": "downsamplings",
    "chances": "rng, uniforms",
    "makers|players?": "generators, optimiser group",
    "views": "outputs, tensors",
    "observe|deals?|dealt": "preprocess, redistribute",
    "seals?|sealed|journals?|befell|befalls|mended|watchers?": "checksum, event log, fallback",
    "taps": "kernel positions",
    "recolour(ing|ed|s)?": "colour transfer",
    "not looked at": "unused",
    "appears whole": "written atomically",
}
ALLOWED = {"benchmarks/targets.py": "makers"}  # of devices


@pytest.mark.parametrize("pattern", WORDS)
def test_words_that_only_we_used_stay_out(pattern):
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in FILES
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if (match := re.search(rf"\b({pattern})\b", line, re.IGNORECASE))
        and ALLOWED.get(str(path.relative_to(ROOT))) != match[0]
    ]
    assert not found, f"write {WORDS[pattern]}"
