"""Draw up the tables of a document anew from the results they come from.

python -m launch.results --document docs/results.md
"""

from pathlib import Path

from absl import flags

from launch import run
from sggan_jax.reproduce.document import fill_in

_DOCUMENT = flags.DEFINE_string(
    "document", "docs/results.md", "Markdown file with lines <!-- results: FILE SPLIT -->."
)


def main(_: list[str]) -> None:
    """Replace the marked tables."""
    path = Path(_DOCUMENT.value)
    path.write_text(fill_in(path), encoding="utf-8")
    print(f"tables: {path}")


if __name__ == "__main__":
    run(main)
