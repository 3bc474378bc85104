from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ABOVE, BELOW = np.array([11, 23], np.uint8), np.array([7, 7, 26], np.uint8)


def _pair(seed, height=24, width=40):
    """A random image, and labels in blocks of 4: buildings and sky above road and cars."""
    rng = np.random.default_rng(seed)
    image = rng.integers(0, 256, (height, width, 3), np.uint8)
    rows, columns = height // 4, width // 4
    above, below = (rng.choice(x, ((rows + k) // 2, columns)) for k, x in enumerate((ABOVE, BELOW)))
    blocks = np.concatenate([above, below])
    return image, blocks.repeat(4, 0).repeat(4, 1)


@pytest.fixture
def pair():
    return _pair


@pytest.fixture
def make_folder(tmp_path):
    """Write a folder of pairs and return it with what was drawn, by name."""

    def make(name="photos", splits=None, labelled=True, seed=0):
        root = tmp_path / name
        (root / "images").mkdir(parents=True)
        if labelled:
            (root / "labels").mkdir()
        drawn = {}
        splits = splits or {"train": 6, "test": 2}
        for offset, (split, count) in enumerate(splits.items()):
            names = [f"{split}_{k}" for k in range(count)]
            for k, stem in enumerate(names):
                drawn[stem] = _pair(seed + 1000 * offset + k)
                Image.fromarray(drawn[stem][0]).save(root / "images" / f"{stem}.png")
                if labelled:
                    Image.fromarray(drawn[stem][1]).save(root / "labels" / f"{stem}.png")
            (root / f"{split}.txt").write_text("\n".join(names) + "\n")
        return root, drawn

    return make


@pytest.fixture
def truncate():
    def cut(path: Path):
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    return cut
