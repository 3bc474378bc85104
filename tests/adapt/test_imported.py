"""Generators of the PyTorch program: against PyTorch where it is installed, and against its files.

The networks below are written from that program's published description: InstanceNorm2d without
parameters, biases in every convolution, 3x3 at stride 2 padded with 1.
"""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sggan_jax.adapt import imported
from sggan_jax.adapt.adapter import load_adapter
from sggan_jax.adapt.imported import import_generators
from sggan_jax.adapt.tiles import adapt_in_strips
from sggan_jax.runs.description import check_run, read_run
from sggan_jax.runs.networks import read_network
from sggan_jax.types import InputError, to_float

KEPT = Path(__file__).parent / "pytorch"


def as_it_is(x):
    return x


def build_resnet(torch, width, blocks, dropout=False):
    nn = torch.nn

    def norm(channels):
        return nn.InstanceNorm2d(channels)

    class Block(nn.Module):
        def __init__(self, channels):
            super().__init__()
            half = [nn.ReflectionPad2d(1), nn.Conv2d(channels, channels, 3), norm(channels)]
            other = [nn.ReflectionPad2d(1), nn.Conv2d(channels, channels, 3), norm(channels)]
            between = [nn.ReLU()] + [nn.Dropout(0.5)] * dropout
            self.conv_block = nn.Sequential(*half, *between, *other)

        def forward(self, x):
            return x + self.conv_block(x)

    class Generator(nn.Module):
        def __init__(self):
            super().__init__()
            row = [nn.ReflectionPad2d(3), nn.Conv2d(3, width, 7), norm(width), nn.ReLU()]
            for a in (width, 2 * width):
                row += [nn.Conv2d(a, 2 * a, 3, 2, 1), norm(2 * a), nn.ReLU()]
            row += [Block(4 * width) for _ in range(blocks)]
            for a in (4 * width, 2 * width):
                up = nn.ConvTranspose2d(a, a // 2, 3, 2, 1, output_padding=1)
                row += [up, norm(a // 2), nn.ReLU()]
            row += [nn.ReflectionPad2d(3), nn.Conv2d(width, 3, 7), nn.Tanh()]
            self.model = nn.Sequential(*row)

        def forward(self, x):
            return self.model(x)

    return Generator()


def build_unet(torch, width, levels):
    nn = torch.nn
    widths = [width * min(2**level, 8) for level in range(levels)]

    class Level(nn.Module):
        def __init__(self, level):
            super().__init__()
            self.outermost = level == 0
            outer, inner = (3 if level == 0 else widths[level - 1]), widths[level]
            innermost = level == levels - 1
            down = [nn.Conv2d(outer, inner, 4, 2, 1)]
            up = [nn.ReLU(), nn.ConvTranspose2d(inner * (1 if innermost else 2), outer, 4, 2, 1)]
            if self.outermost:
                up += [nn.Tanh()]
            else:
                down = [nn.LeakyReLU(0.2), *down]
                up += [nn.InstanceNorm2d(outer)]
                if not innermost:
                    down += [nn.InstanceNorm2d(inner)]
            within = [] if innermost else [Level(level + 1)]
            self.model = nn.Sequential(*down, *within, *up)

        def forward(self, x):
            y = self.model(x)
            return y if self.outermost else torch.cat([x, y], dim=1)

    class Generator(nn.Module):
        def __init__(self):
            super().__init__()
            self.model = Level(0)

        def forward(self, x):
            return self.model(x)

    return Generator()


def randomise(torch, network):
    """Weights of ordinary size, biases too, so that nothing hides behind zeros."""
    torch.manual_seed(0)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.normal_(0, 0.15)
    return network.eval()


def answer(torch, network, image):
    x = torch.from_numpy(image.astype(np.float32) / 127.5 - 1).permute(2, 0, 1)[None]
    with torch.no_grad():
        return network(x)[0].permute(1, 2, 0).numpy()


def noise(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def apply(run, image, direction="v2r"):
    module, variables, _ = read_network(run, direction)
    return np.asarray(jax.jit(module.apply)(variables, to_float(jnp.asarray(image))[None])[0])


BUILDERS = {
    "resnet of 9 blocks": (build_resnet, (8, 9), (32, 48)),
    "resnet of 6 blocks with dropout": (build_resnet, (4, 6, True), (20, 28)),
    "unet_256": (build_unet, (4, 8), (256, 256)),
    "unet_128": (build_unet, (4, 7), (128, 256)),
}


@pytest.mark.parametrize("old_format", [False, True])
@pytest.mark.parametrize("name", BUILDERS)
def test_carried_over_exactly(name, old_format, tmp_path):
    torch = pytest.importorskip("torch")
    build, settings, size = BUILDERS[name]
    network, image = randomise(torch, build(torch, *settings)), noise(*size, 3)
    path = tmp_path / "latest_net_G.pth"
    torch.save(network.state_dict(), path, _use_new_zipfile_serialization=not old_format)
    import_generators({"v2r": path}, tmp_path / "run")
    want = answer(torch, network, image)
    assert 0.1 < np.abs(want).mean() < 0.9  # neither flat nor saturated: every layer is seen
    np.testing.assert_allclose(apply(tmp_path / "run", image), want, atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["resnet", "unet"])
def test_carried_over_at_full_width(name, tmp_path):
    torch = pytest.importorskip("torch")
    network = build_resnet(torch, 64, 9) if name == "resnet" else build_unet(torch, 64, 8)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.normal_(0, 0.02)
    image = noise(256, 256, 3)
    torch.save(network.eval().state_dict(), tmp_path / "net.pth")
    import_generators({"v2r": tmp_path / "net.pth"}, tmp_path / "run")
    want = answer(torch, network, image)
    np.testing.assert_allclose(apply(tmp_path / "run", image), want, atol=1e-3)


@pytest.mark.parametrize(("name", "size"), [("resnet", (12, 16)), ("unet", (8, 16))])
def test_files_that_pytorch_wrote(name, size, tmp_path):
    # Saved by PyTorch 2.13 from the networks above, the U-Net in the form of before 1.6, with
    # what they make of ``noise``; one residual block of width 2, three levels of width 2.
    run, image = tmp_path / "run", noise(*size, 3)
    import_generators({"r2v": KEPT / f"{name}.pth"}, run)
    want = np.load(KEPT / f"{name}.npy")
    np.testing.assert_allclose(apply(run, image, "r2v"), want, atol=1e-5)
    adapter = load_adapter(run, "r2v")
    assert np.abs(adapter(image) - (want + 1) * 127.5).max() < 0.51
    assert adapter(image[:7, :5]).shape == (7, 5, 3)
    got = adapt_in_strips(adapter.module, adapter.variables, image, 1.0, as_it_is)
    np.testing.assert_allclose(got, want, atol=1e-5)
    with pytest.raises(InputError, match=r"adapts \['r2v'\], not 'v2r'"):
        load_adapter(run)


@pytest.fixture
def spoil(tmp_path, monkeypatch):
    """Return a function that imports the kept ResNet with changed tensors."""

    def run(change):
        tensors = imported.read_tensors(KEPT / "resnet.pth")
        change(tensors)
        monkeypatch.setattr(imported, "read_tensors", lambda _: tensors)
        import_generators({"v2r": tmp_path / "net.pth"}, tmp_path / "run")
        return tmp_path / "run"

    return run


def test_offsets_before_norms_change_nothing(spoil):
    def change(tensors):
        for name in tensors:
            if name.endswith(".bias") and name != "model.18.bias":
                tensors[name] = tensors[name] + 3

    want = np.load(KEPT / "resnet.npy")
    np.testing.assert_allclose(apply(spoil(change), noise(12, 16, 3)), want, atol=1e-5)


def test_norms_with_parameters_are_carried_over(spoil):
    def change(tensors):
        tensors["model.2.weight"] = np.array([2.0, 3.0], np.float32)
        tensors["model.2.bias"] = np.array([4.0, 5.0], np.float32)

    _, variables, _ = read_network(spoil(change), "v2r")
    norm = variables["params"]["enter_norm"]
    assert (norm["scale"].tolist(), norm["bias"].tolist()) == ([2.0, 3.0], [4.0, 5.0])
    norm = variables["params"]["down1_norm"]
    assert (norm["scale"].tolist(), norm["bias"].tolist()) == ([1.0] * 4, [0.0] * 4)


def test_wrappers_and_noted_statistics_are_undone(spoil):
    def change(tensors):
        tensors["model.2.running_mean"] = np.ones(2, np.float32)
        tensors["model.2.num_batches_tracked"] = np.array(4)
        for name in list(tensors):
            tensors[f"module.{name}"] = tensors.pop(name)

    want = np.load(KEPT / "resnet.npy")
    np.testing.assert_allclose(apply(spoil(change), noise(12, 16, 3)), want, atol=1e-5)


def drop(tensors):
    del tensors["model.7.weight"]


def add(tensors):
    tensors["model.99.weight"] = np.zeros(3, np.float32)


def batch_norm(tensors):
    tensors["model.2.weight"] = tensors["model.2.running_mean"] = np.ones(2, np.float32)


def no_norm(tensors):
    for name in [x for x in tensors if x.endswith(".bias") and x != "model.18.bias"]:
        del tensors[name]


def reshape(tensors):
    tensors["model.7.weight"] = tensors["model.7.weight"][:, :, :2]


def flatten(tensors):
    tensors["model.7.weight"] = tensors["model.7.weight"].ravel()


def empty(tensors):
    tensors.clear()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (drop, "no ResNet or U-Net of the PyTorch program: 'model.7.weight' is missing"),
        (add, "holds 1 tensors that the network has no place for, such as model.99.weight"),
        (batch_norm, "has batch norm"),
        (no_norm, "^[^ ]* holds neither norms nor offsets: trained with --norm none"),
        (reshape, "'down2'.*kernel.*should have the shape .3, 3, 4, 8., has .2, 3, 4, 8."),
        (flatten, "model.7.weight is missing or of another shape"),
        (empty, "no ResNet or U-Net"),
    ],
)
def test_other_networks_are_refused(spoil, tmp_path, change, sentence):
    with pytest.raises(InputError, match=sentence):
        spoil(change)
    assert not (tmp_path / "run").exists()


def test_two_directions_of_one_kind_or_two(tmp_path):
    files = {"v2r": KEPT / "resnet.pth", "r2v": KEPT / "resnet.pth"}
    import_generators(files, tmp_path / "run")
    image = noise(12, 16, 3)
    np.testing.assert_array_equal(
        load_adapter(tmp_path / "run")(image), load_adapter(tmp_path / "run", "r2v")(image)
    )
    with pytest.raises(InputError, match="holds a run; give a new directory"):
        import_generators(files, tmp_path / "run")
    import_generators(files | {"r2v": KEPT / "unet.pth"}, tmp_path / "mixed")
    assert load_adapter(tmp_path / "mixed", "r2v")(image).shape == image.shape
    with pytest.raises(InputError, match="give a file"):
        import_generators({}, tmp_path / "other")


def test_imported_runs_are_not_trained(tmp_path):
    import_generators({"v2r": KEPT / "resnet.pth"}, tmp_path / "run")
    with pytest.raises(InputError, match="holds imported networks, which cannot be trained"):
        check_run(tmp_path / "run", {"seed": 0})


def test_a_run_knows_the_size_of_its_training_where_it_was_told(tmp_path):
    import_generators({"v2r": KEPT / "resnet.pth"}, tmp_path / "silent")
    assert read_run(tmp_path / "silent").scale is None
    import_generators({"v2r": KEPT / "resnet.pth"}, tmp_path / "told", (256, 512))
    assert read_run(tmp_path / "told").scale == (256, 512)
