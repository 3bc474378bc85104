"""Feature networks: which a file holds, what it is called, and what maps and vectors are."""

import hashlib

import jax.numpy as jnp
import numpy as np
import pytest

from sggan_jax.evaluate import features as module
from sggan_jax.evaluate.features import (
    Features,
    load_features,
    read_features,
    read_features_if_there,
)
from sggan_jax.nets import inception, vgg16
from sggan_jax.nets.pretrained import find_file
from sggan_jax.types import InputError
from tests.nets.test_inception import tensors_of as inception_tensors
from tests.nets.test_vgg16 import tensors_of as vgg_tensors


class Strides:
    """A network whose maps are the image itself, smaller and smaller; it keeps what it is given."""

    def __init__(self, *strides):
        self.strides = strides

    def apply(self, variables, x):
        return [x[:, ::stride, ::stride] for stride in self.strides]


IMAGES = np.random.default_rng(0).integers(0, 256, (3, 16, 32, 3)).astype(np.uint8)


def test_maps_are_those_of_stride_4_and_vectors_means_of_the_last():
    features = Features("x", Strides(1, 4, 8), {}, mean=(1.0, 2.0, 3.0), std=(2.0, 4.0, 8.0))
    want = (IMAGES.astype(np.float64) - [1, 2, 3]) / [2, 4, 8]
    np.testing.assert_allclose(features.maps(IMAGES), want[:, ::4, ::4], rtol=1e-6)
    vectors = features.vectors([IMAGES[:2], IMAGES[2:]])
    np.testing.assert_allclose(vectors, want[:, ::8, ::8].mean((1, 2)), rtol=1e-5)


def test_whole_images_are_resized_and_patches_go_through_the_stem():
    features = Features(
        "x", Strides(1), {}, level=0, stem=Strides(4), resize=lambda x: x[:, :2, :2]
    )
    want = (IMAGES.astype(np.float64) - 127) / 128
    np.testing.assert_allclose(features.maps(IMAGES), want[:, ::4, ::4], rtol=1e-6)
    np.testing.assert_allclose(
        features.vectors([IMAGES]), want[:, :2, :2].mean((1, 2)), rtol=1e-5, atol=1e-6
    )


@pytest.fixture
def small(monkeypatch):
    """Networks of few channels in place of the published ones."""
    blocks = tuple((repeats, 2) for repeats, _ in vgg16.BLOCKS)
    monkeypatch.setattr(module, "VGG16", lambda: vgg16.VGG16(blocks))
    monkeypatch.setattr(
        module, "InceptionV3", lambda levels=4: inception.InceptionV3(levels, width=1 / 64)
    )
    return vgg_tensors(blocks), inception_tensors(inception.InceptionV3(width=1 / 64))


def test_a_file_of_vgg16_is_known_by_its_tensors(small):
    tensors, _ = small
    features = load_features(tensors, "v.pth")
    assert features.name == "VGG16 (v.pth)"
    found = features.maps(IMAGES)
    assert found.shape == (3, 4, 8, 2)  # relu3_3
    blocks = tuple((repeats, 2) for repeats, _ in vgg16.BLOCKS)
    scaled = (IMAGES / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    want = vgg16.VGG16(blocks).apply(
        vgg16.convert_vgg16(tensors, blocks), jnp.asarray(scaled, jnp.float32)
    )
    np.testing.assert_allclose(found, want[2], rtol=1e-3, atol=1e-5)
    assert features.vectors([IMAGES]).shape == (3, 2)  # relu5_3


@pytest.mark.slow
def test_a_file_of_inception_is_known_by_its_tensors_and_its_head(small):
    _, tensors = small
    head = {"fc.weight": np.zeros((1008, 4), np.float32)}
    features = load_features(tensors | head, "i.pth")
    assert features.name == "Inception v3 of FID (i.pth)"
    assert features.maps(IMAGES).shape == (3, 2, 6, 1)
    vectors = features.vectors([IMAGES])
    resized = inception.resize(jnp.asarray(IMAGES, jnp.float32)) / 127.5 - 1
    network = inception.InceptionV3(width=1 / 64)
    want = network.apply(inception.convert_inception(tensors), resized)[-1].mean((1, 2))
    np.testing.assert_allclose(vectors, want, rtol=1e-3, atol=1e-4)


def test_what_is_no_such_network_is_refused(small):
    vgg, tensors = small
    with pytest.raises(InputError, match=r"w\.pth holds neither EfficientNet-Lite0 nor torchvis.*"):
        load_features({"conv.weight": np.zeros(3)}, "w.pth")
    with pytest.raises(InputError, match=r"w\.pth holds neither .*features\.28\.bias' is missing"):
        load_features({k: v for k, v in vgg.items() if k != "features.28.bias"}, "w.pth")
    with pytest.raises(InputError, match="w holds a deeper network than VGG16, such as VGG19"):
        load_features(vgg | {"features.30.weight": np.zeros(3)}, "w")
    with pytest.raises(InputError, match="w holds an Inception v3 of 1000 classes, which pools"):
        load_features(tensors | {"fc.weight": np.zeros((1000, 4))}, "w")
    kernel = np.zeros((2, 2, 5, 5), np.float32)
    with pytest.raises(InputError, match=r"no VGG16: 1 tensors .* params.conv1.kernel of .*5, 5"):
        load_features(vgg | {"features.2.weight": kernel}, "w")


def test_a_file_is_named_with_the_beginning_of_its_hash(tmp_path, monkeypatch, small):
    path = tmp_path / "vgg.pth"
    path.write_bytes(b"weights")
    monkeypatch.setattr(module, "read_tensors", lambda path: small[0])
    digest = hashlib.sha256(b"weights").hexdigest()[:8]
    assert read_features(str(path)).name == f"VGG16 (vgg.pth, sha256 {digest})"


def test_a_missing_package_is_told_in_one_sentence(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"feature network is not there: pip install .*--features"):
        read_features("")
    told = []
    assert read_features_if_there("", told.append) is None
    assert len(told) == 1
    assert told[0].startswith("distances of features are left out: the feature")
    with pytest.raises(InputError):
        read_features_if_there("no/such/file.pth", told.append)


@pytest.mark.slow
def test_the_package_has_features_that_tell_looks_apart():
    try:
        find_file()
    except InputError:
        pytest.skip("the package of weights is not installed")
    features = load_features()
    assert features.name.startswith("EfficientNet-Lite0 (ImageNet, package ")
    images = np.repeat(np.repeat(IMAGES, 2, 1), 2, 2)
    assert features.maps(images).shape == (3, 8, 16, 24)
    vectors = features.vectors([images, images[:1]])
    assert vectors.shape == (4, 320)
    np.testing.assert_allclose(vectors[3], vectors[0], rtol=1e-4, atol=1e-5)
