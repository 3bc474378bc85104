"""Files that no PyTorch wrote: nothing that they ask for is run, nothing beyond them is read."""

import io
import os
import pickle
import struct
import sys
import types
import zipfile
from pathlib import Path

import numpy as np
import pytest

from sggan_jax.nets.pth import read_tensors
from sggan_jax.types import InputError

KEPT = Path(__file__).parents[1] / "adapt" / "pytorch"


def global_name(module, name):
    return f"c{module}\n{name}\n".encode()


def storage(key="0", length=6, kind="FloatStorage"):
    pieces = [b"(", b"Vstorage\n", global_name("torch", kind), f"V{key}\nVcpu\n".encode()]
    return b"".join([*pieces, f"I{length}\n".encode(), b"tQ"])


def tensor(offset=0, shape=(2, 3), strides=(3, 1), **of_storage):
    def numbers(values):
        return b"(" + b"".join(f"I{value}\n".encode() for value in values) + b"t"

    arguments = storage(**of_storage) + f"I{offset}\n".encode() + numbers(shape) + numbers(strides)
    hooks = b"I00\n" + global_name("collections", "OrderedDict") + b")R"
    return global_name("torch._utils", "_rebuild_tensor_v2") + b"(" + arguments + hooks + b"tR"


NUMBERS = np.arange(6, dtype=np.float32)


def write(path, content, data=NUMBERS, compress=zipfile.ZIP_STORED):
    """An archive whose pickle maps ``x`` to ``content``, protocol 0 with binary references."""
    with zipfile.ZipFile(path, "w", compress) as archive:
        archive.writestr("net/data.pkl", b"(dVx\n" + content + b"s.")
        archive.writestr("net/byteorder", "little")
        archive.writestr("net/data/0", data.tobytes())
    return path


@pytest.mark.parametrize(
    ("content", "want"),
    [
        (tensor(), [[0, 1, 2], [3, 4, 5]]),
        (tensor(shape=(3, 2), strides=(1, 3)), [[0, 3], [1, 4], [2, 5]]),
        (tensor(offset=4, shape=(2,), strides=(1,)), [4, 5]),
        (tensor(offset=5, shape=(), strides=()), 5),
        (tensor(shape=(0, 3)), np.zeros((0, 3))),
    ],
)
def test_tensors_are_cut_from_their_storage(tmp_path, content, want):
    got = read_tensors(write(tmp_path / "net.pth", content))["x"]
    assert got.dtype == np.float32
    np.testing.assert_array_equal(got, np.asarray(want, np.float32))


def test_other_types_are_widened(tmp_path):
    half = write(tmp_path / "a", tensor(kind="HalfStorage"), np.arange(6, dtype=np.float16))
    assert read_tensors(half)["x"].dtype == np.float32
    whole = write(tmp_path / "b", tensor(kind="LongStorage"), np.arange(6, dtype=np.int64))
    assert read_tensors(whole)["x"].tolist() == [[0, 1, 2], [3, 4, 5]]
    # bfloat16 is the upper half of float32: 0x3f80 is 1.
    brain = write(tmp_path / "c", tensor(kind="BFloat16Storage"), np.full(6, 0x3F80, np.uint16))
    assert read_tensors(brain)["x"].tolist() == [[1.0] * 3] * 2


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (tensor(offset=1), "larger than its storage"),
        (tensor(shape=(2, 3), strides=(300, 1)), "larger than its storage"),
        (tensor(shape=(1000, 1000), strides=(0, 0)), "larger than its storage"),
        (tensor(shape=(2, 3), strides=(1,)), "strides"),
        (tensor(offset=-1), "-1 is no size"),
        (tensor(key="7"), "7"),
        (b"I1\n", "'x' is a int, not a tensor"),
        (tensor(kind="QuantumStorage"), "asks for torch.QuantumStorage"),
    ],
)
def test_tensors_beyond_their_storage_are_refused(tmp_path, content, reason):
    with pytest.raises(InputError, match=f"net.pth cannot be read as .*{reason}"):
        read_tensors(write(tmp_path / "net.pth", content))


class Attack:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


def test_nothing_that_a_file_asks_for_is_run(tmp_path):
    target = tmp_path / "made"
    row = io.BytesIO()
    for item in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}, Attack(str(target))):
        pickle.dump(item, row, protocol=2)
    (tmp_path / "old.pth").write_bytes(row.getvalue())
    attack = pickle.dumps(Attack(str(target)), protocol=2)[2:-1]
    for path in (tmp_path / "old.pth", write(tmp_path / "new.pth", attack)):
        with pytest.raises(InputError, match=r"it asks for posix\.mkdir"):
            read_tensors(path)
    assert not target.exists()


def test_compressed_archives_are_refused(tmp_path):
    path = write(tmp_path / "net.pth", tensor(), compress=zipfile.ZIP_DEFLATED)
    with pytest.raises(InputError, match="is compressed"):
        read_tensors(path)


@pytest.mark.parametrize("name", ["resnet", "unet"])
def test_cut_files_are_refused(tmp_path, name):
    content = (KEPT / f"{name}.pth").read_bytes()
    for share in (0.0, 0.1, 0.5, 0.99):
        (tmp_path / "net.pth").write_bytes(content[: int(share * len(content))])
        with pytest.raises(InputError, match="cannot be read"):
            read_tensors(tmp_path / "net.pth")


def test_other_files_are_refused(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        read_tensors(tmp_path / "nothing.pth")
    (tmp_path / "list.pth").write_bytes(pickle.dumps([1, 2]))
    with pytest.raises(InputError, match="of another format"):
        read_tensors(tmp_path / "list.pth")


class Storage:
    """A stand-in that pickles as PyTorch's storages do."""

    def __init__(self, key, values):
        self.key, self.values = key, np.asarray(values, np.float32)


class Writer(pickle.Pickler):
    def persistent_id(self, obj):
        if isinstance(obj, Storage):
            return ("storage", FloatStorage, obj.key, "cpu", obj.values.size, None)
        return None


class FloatStorage:
    pass


FloatStorage.__module__, FloatStorage.__qualname__ = "torch", "FloatStorage"


class View:
    """Pickles as a view of a storage."""

    def __init__(self, storage, offset, shape, strides):
        self.parts = (storage, offset, shape, strides, False, {})

    def __reduce__(self):
        return _rebuild_tensor_v2, self.parts


def _rebuild_tensor_v2(*_):
    raise AssertionError


_rebuild_tensor_v2.__module__ = "torch._utils"


@pytest.fixture
def as_torch(monkeypatch):
    """Let pickle find the stand-ins under PyTorch's names while it writes."""
    torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")
    torch.FloatStorage, torch._utils = FloatStorage, utils
    utils._rebuild_tensor_v2 = _rebuild_tensor_v2
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setitem(sys.modules, "torch._utils", utils)


def write_row(path, tensors, storages):
    with path.open("wb") as file:
        for part in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}):
            pickle.dump(part, file, 2)
        Writer(file, 2).dump(tensors)
        pickle.dump([storage.key for storage in storages], file, 2)
        for storage in storages:
            file.write(struct.pack("<q", storage.values.size) + storage.values.tobytes())


def test_the_older_row_of_pickles_is_read(as_torch, tmp_path):
    """A transposed view with an offset, and a scalar, in one storage."""
    storage = Storage("7", np.arange(8))
    tensors = {
        "view": View(storage, 1, (2, 3), (1, 2)),
        "scalar": View(storage, 4, (), ()),
    }
    write_row(tmp_path / "a.pth", tensors, [storage])
    read = read_tensors(tmp_path / "a.pth")
    assert read["view"].tolist() == [[1, 3, 5], [2, 4, 6]]
    assert read["scalar"] == 4
