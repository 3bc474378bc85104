"""The floors of the house, read from the imports: they go down only, and heavy things stay put."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = sorted(
    path for top in ("sggan_jax", "configs", "launch") for path in (ROOT / top).rglob("*.py")
)

# A module may import from floors below its own, and from its own room.
FLOORS = {
    "sggan_jax.types": 0,
    "sggan_jax.allocator": 0,
    "sggan_jax.hardware": 0,
    "sggan_jax.progress": 0,
    "sggan_jax.threads": 0,
    "sggan_jax.messages": 0,
    "sggan_jax.devices": 1,
    "sggan_jax.files": 1,
    "sggan_jax.folders": 2,
    "sggan_jax.images": 2,
    "sggan_jax.report": 2,
    "sggan_jax.toycity": 2,
    "sggan_jax.config": 1,
    "sggan_jax.nets": 3,
    "sggan_jax.losses": 3,
    "sggan_jax.data": 3,
    "sggan_jax.methods": 5,
    "sggan_jax.runs": 5,
    "sggan_jax.train": 6,
    "sggan_jax.adapt": 6,
    "sggan_jax.evaluate": 6,
    "sggan_jax.export": 6,
    "sggan_jax.reproduce": 7,
    "sggan_jax.study": 7,
    "sggan_jax.cli": 8,
    "launch": 8,
    "configs": 8,
}

# Peers of one floor import one another only here: these three use measures of images.
PEERS = {
    "sggan_jax.adapt": "sggan_jax.evaluate",
    "sggan_jax.export": "sggan_jax.evaluate",
    "sggan_jax.train": "sggan_jax.evaluate",
}

# What is done with a run needs no method: its directory describes its networks.
WITHOUT_METHODS = ("sggan_jax.adapt", "sggan_jax.evaluate", "sggan_jax.export")

# Outside packages that only one room may name.
HOMES = {
    "tensorflow_datasets": ("sggan_jax.data",),
    "array_record": ("sggan_jax.data",),
    "grain": ("sggan_jax.data",),
    "orbax": ("sggan_jax.runs",),
    "tensorboardX": ("sggan_jax.train.log",),
    "jinja2": ("sggan_jax.report",),
    "safetensors": ("sggan_jax.export",),
    "rich": ("sggan_jax.progress", "sggan_jax.data.summary", "launch"),
    "absl": ("launch", "configs"),
    "ml_collections": ("launch", "configs"),
    "av": ("sggan_jax.adapt.video_files",),
    "torch": (),
    "tensorflow": (),
}

# Names by which devices are addressed; only two files may know of them.
DEVICE_NAMES = {
    *("pmap", "Mesh", "make_mesh", "shard_map", "devices", "local_devices", "device_count"),
    *("local_device_count", "NamedSharding", "PositionalSharding", "SingleDeviceSharding"),
}
DEVICE_HOMES = ("sggan_jax.devices", "sggan_jax.train.parallel")

LINES_OF_FILE, LINES_OF_FUNCTION, LINES_OF_TABLE = 300, 80, 12


def module_name(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


TREES = {module_name(path): ast.parse(path.read_text("utf-8"), str(path)) for path in FILES}
LENGTHS = {module_name(path): len(path.read_text("utf-8").splitlines()) for path in FILES}


def imports(tree):
    """Every module that a file names; ``from a import b`` as a.b too if that is a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: relative import"
            modules = [f"{node.module}.{alias.name}" for alias in node.names]
            found = [name for name in modules if name in TREES]
            yield from found or [node.module]


def inside(name, room):
    return name == room or name.startswith(f"{room}.")


def room_of(name):
    return next((room for room in FLOORS if inside(name, room)), None)


def own_imports(name):
    return sorted({other for other in imports(TREES[name]) if other in TREES})


def test_there_is_a_house():
    assert len(TREES) > 20
    assert {room_of(name) for name in TREES} >= {"sggan_jax.nets", "sggan_jax.losses", "launch"}


@pytest.mark.parametrize("name", TREES)
def test_every_module_has_a_floor_and_imports_go_down(name):
    if name == "sggan_jax":
        assert list(imports(TREES[name])) == []  # so that importing one loss imports nothing else
        return
    room = room_of(name)
    assert room, f"{name} is in no room of FLOORS"
    for other in own_imports(name):
        below = room_of(other)
        allowed = below in (room, PEERS.get(room)) or FLOORS[below] < FLOORS[room]
        assert allowed, f"{name} imports {other}"
        assert room not in WITHOUT_METHODS or below != "sggan_jax.methods", f"{name}: {other}"


@pytest.mark.parametrize("name", TREES)
def test_heavy_packages_are_named_in_their_home_only(name):
    for other in imports(TREES[name]):
        homes = HOMES.get(other.partition(".")[0])
        if homes is not None:
            assert any(inside(name, home) for home in homes), f"{name} imports {other}"


@pytest.mark.parametrize("name", TREES)
def test_devices_are_named_in_two_files_only(name):
    if name in DEVICE_HOMES:
        return
    for node in ast.walk(TREES[name]):
        if isinstance(node, ast.ImportFrom) and inside(node.module, "jax"):
            used = DEVICE_NAMES & {alias.name for alias in node.names}
            assert not used, f"{name}:{node.lineno} imports {used}"
            assert not inside(node.module, "jax.sharding"), f"{name}:{node.lineno}"
        if isinstance(node, ast.Attribute) and node.attr in DEVICE_NAMES:
            of_jax = isinstance(node.value, ast.Name) and node.value.id == "jax"
            assert not of_jax, f"{name}:{node.lineno} uses jax.{node.attr}"


def test_one_file_knows_of_pmap():
    used = {
        name: {node.attr for node in ast.walk(TREES[name]) if isinstance(node, ast.Attribute)}
        for name in DEVICE_HOMES
    }
    assert "pmap" not in used["sggan_jax.devices"]
    assert used["sggan_jax.train.parallel"] & DEVICE_NAMES >= {"pmap"}


@pytest.mark.parametrize("name", [name for name in TREES if inside(name, "sggan_jax.losses")])
def test_losses_need_jax_numpy_and_the_vocabulary_only(name):
    for other in imports(TREES[name]):
        outside = other.partition(".")[0] in ("jax", "numpy", "typing", "collections")
        own = inside(other, "sggan_jax.losses") or other == "sggan_jax.types"
        assert outside or own, f"{name} imports {other}"


def test_no_circles():
    done = set()

    def visit(name, path):
        assert name not in path, " imports ".join([*path[path.index(name) :], name])
        if name not in done:
            for other in own_imports(name):
                # A package's contents import it on the way; only what a file names counts.
                visit(other, [*path, name])
            done.add(name)

    for name in TREES:
        visit(name, [])


def table_lines(tree):
    """Lines of literal tables at the top of a file: data, not code to follow."""
    assigned = [node for node in tree.body if isinstance(node, ast.Assign | ast.AnnAssign)]
    lengths = [node.end_lineno - node.lineno + 1 for node in assigned]
    return sum(length for length in lengths if length >= LINES_OF_TABLE)


@pytest.mark.parametrize("name", TREES)
def test_files_and_functions_stay_short(name):
    length = LENGTHS[name] - table_lines(TREES[name])
    assert length <= LINES_OF_FILE, f"{name} has {length} lines beside its tables"
    for node in ast.walk(TREES[name]):
        if isinstance(node, ast.FunctionDef):
            length = node.end_lineno - node.lineno + 1
            assert length <= LINES_OF_FUNCTION, f"{name}.{node.name} has {length} lines"


@pytest.mark.parametrize("name", TREES)
def test_every_module_says_what_it_is(name):
    assert ast.get_docstring(TREES[name])
