"""Draw up the tables of docs/results.md anew from the results they come from: make results."""

from pathlib import Path

from sggan_jax.reproduce.document import fill_in

if __name__ == "__main__":
    document = Path(__file__).parents[1] / "results.md"
    document.write_text(fill_in(document), encoding="utf-8")
