"""Draw up the tables of README.md and docs/results.md from their results: make results."""

from pathlib import Path

from sggan_jax.reproduce.document import fill_in

ROOT = Path(__file__).parents[2]

if __name__ == "__main__":
    for name in ("README.md", "docs/results.md"):
        document = ROOT / name
        document.write_text(fill_in(document), encoding="utf-8")
