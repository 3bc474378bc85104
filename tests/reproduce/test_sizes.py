"""Sizes of segmentation beside those of adaptation, and scores at the labels' own size."""

import json

import numpy as np
import pytest
from PIL import Image

from configs import benchmark
from sggan_jax.config import Data
from sggan_jax.data.labels import group_names, group_table
from sggan_jax.reproduce import jobs
from sggan_jax.reproduce.experiment import read_experiments
from sggan_jax.reproduce.jobs import Benchmark
from sggan_jax.reproduce.results import summarise
from sggan_jax.reproduce.sizes import AtScale, describe_sizes, segment_sizes
from sggan_jax.types import InputError

ROAD, SKY = 7, 23


def read(score_size="training", data=None, **own):
    segment = {"height": 0, "width": 0, "stored_height": 0, "stored_width": 0} | own
    config = {"segment_data": segment, "score_size": score_size}
    return segment_sizes(config, data or Data(height=64, width=128)), config


def test_segmentation_has_the_sizes_of_adaptation_unless_it_has_its_own():
    data = Data(height=64, width=128, stored_height=100, stored_width=200)
    assert read(data=data)[0] == data
    own, _ = read(data=data, height=32, width=64)
    assert (own.size, own.stored_size) == ((32, 64), (32, 64))  # whole images, no windows
    own, _ = read(data=data, stored_height=200, stored_width=400)
    assert (own.size, own.stored_size) == ((64, 128), (200, 400))


def test_sizes_are_told():
    own, config = read("labels", height=32, width=64, stored_height=64, stored_width=96)
    told = describe_sizes(config, Data(height=64, width=128), own)
    assert told == {
        "adaptation": "64x128",
        "segmentation": "windows of 32x64 out of 64x96",
        "scored": "the labels' own size",
    }
    assert describe_sizes(config | {"score_size": "training"}, own, own)["scored"] == "64x96"


@pytest.mark.parametrize(
    ("score_size", "own", "sentence"),
    [
        ("big", {}, "score_size must be one of training, labels, got 'big'"),
        ("labels", {"height": 32}, "segment_data.height and segment_data.width must both .* and 0"),
        ("labels", {"stored_width": 32}, "segment_data.stored_height and .* got 0 and 32"),
        ("labels", {"height": 32, "width": -1}, "segment_data: data.width must be"),
        (
            "labels",
            {"stored_height": 32, "stored_width": 64},
            "segment_data: .* ask for 32x64, which is smaller than the windows of 64x128",
        ),
    ],
)
def test_sizes_that_cannot_be_are_refused(score_size, own, sentence):
    with pytest.raises(InputError, match=sentence):
        read(score_size, **own)


class Bright:
    """A network that sees sky in bright pixels; it notes what sizes it sees."""

    names, class_groups = group_names("ten"), group_table("ten")

    def __init__(self):
        self.seen = []

    def __call__(self, images):
        self.seen.append(images.shape)
        bright = images.mean(-1) > 120
        return np.where(bright, self.class_groups[SKY], self.class_groups[ROAD]).astype(np.uint8)


def test_predictions_are_enlarged_to_the_size_that_images_have():
    image = np.zeros((1, 8, 12, 3), np.uint8)
    image[:, :4] = 200
    network = Bright()
    found = AtScale(network, (2, 3))(image)
    assert network.seen == [(1, 2, 3, 3)]
    want = np.full((1, 8, 12), network.class_groups[ROAD])
    want[:, :4] = network.class_groups[SKY]
    np.testing.assert_array_equal(found, want)


def write_street(root, name, height, width, split="val"):
    """Sky over road in the image; in the labels one column more is road on top."""
    for part in ("images", "labels"):
        (root / part).mkdir(parents=True, exist_ok=True)
    labels = np.full((height, width), ROAD, np.uint8)
    labels[: height // 2] = SKY
    image = np.where(labels[..., None] == SKY, 200, 40).repeat(3, -1).astype(np.uint8)
    labels[: height // 2, 0] = ROAD
    Image.fromarray(image).save(root / "images" / f"{name}.png")
    Image.fromarray(labels).save(root / "labels" / f"{name}.png")
    with (root / f"{split}.txt").open("a") as file:
        file.write(f"{name}\n")


def make_benchmark(tmp_path, score_size):
    config = benchmark.get_config("camvid")
    for domain in ("virtual", "real"):
        root = tmp_path / domain
        if not root.exists():
            write_street(root, "a", 64, 96, "train")
            write_street(root, "b", 64, 96)
            write_street(root, "c", 40, 64)
        config.data[f"{domain}_dir"] = str(root)
    config.data.data_dir = str(tmp_path / "data")
    config.data.accept_labels = True
    config.segment_data.height, config.segment_data.width = 16, 32
    config.score_size = score_size
    config.order = ("source", "upper")
    config = config.to_dict()
    return Benchmark(config, read_experiments(config), tmp_path / "bench")


@pytest.mark.parametrize("score_size", ["training", "labels"])
def test_scores_are_counted_at_the_size_asked_for(tmp_path, monkeypatch, score_size):
    made, network = make_benchmark(tmp_path, score_size), Bright()
    monkeypatch.setattr(jobs, "load_segmenter", lambda run: network)
    upper = made.experiments["upper"]
    made.score_real(upper, 0, 1, "val")
    path = made.score_record(upper, 0, 1, "val")
    assert (
        path.name == {"training": "score_0_1_val.json", "labels": "native_0_1_val.json"}[score_size]
    )
    confusion = np.array(json.loads(path.read_text()))
    assert {shape[1:] for shape in network.seen} == {(16, 32, 3)}
    road, sky = network.class_groups[[ROAD, SKY]]
    if score_size == "labels":  # 64x96 and 40x64: no pixel is lost
        assert confusion.sum() == 64 * 96 + 40 * 64
        assert confusion[road, sky] == 32 + 20
    else:  # the column of road is too thin for 16x32
        assert (confusion.sum(), confusion[road, sky]) == (2 * 16 * 32, 0)
    assert confusion[sky, road] == 0


def test_real_labels_are_stored_at_the_size_of_segmentation(tmp_path):
    made = make_benchmark(tmp_path, "training")
    made.unpack("real")
    upper, source = made.experiments["upper"], made.experiments["source"]
    for folder, size in (("real", (128, 64)), ("real_16x32", (32, 16))):
        with Image.open(tmp_path / "bench" / folder / "images" / "a.png") as image:
            assert image.size == size
    assert made.paths.dataset(upper, 0) == tmp_path / "bench" / "real_16x32"
    assert made.paths.dataset(source, 0) == tmp_path / "bench" / "virtual"


def test_every_network_learns_at_its_own_size(tmp_path, monkeypatch):
    made, asked = make_benchmark(tmp_path, "training"), {}
    monkeypatch.setattr(jobs, "train", lambda config, workdir: asked.update(config["data"]))
    made.train_segmenter(made.experiments["source"], 0, 0)
    assert (asked["height"], asked["width"], asked["stored_height"]) == (16, 32, 0)
    config = made.config | {"order": ("source", "sggan", "upper")}
    made = Benchmark(config, read_experiments(config), tmp_path / "bench")
    made.train_adapter(made.experiments["sggan"], 0)
    assert (asked["height"], asked["width"]) == (64, 128)


def test_classes_of_every_preset_are_there_to_be_summed():
    for name in benchmark.PRESETS:
        config = benchmark.get_config(name)
        names = group_names(config.label_set)
        summarise(np.eye(len(names), dtype=int), names, config.large)


def test_gtav_is_compared_at_the_sizes_of_others():
    config = benchmark.get_config("gtav").to_dict()
    made = Benchmark(config, read_experiments(config), "runs")
    sizes = describe_sizes(config, made.data, made.segment_data)
    assert list(sizes.values()) == [
        "windows of 256x512 out of 512x1024",
        "512x1024",
        "the labels' own size",
    ]
    rows = made.experiments
    assert rows["sggan"].adapt["weights"]["sem_v"] == 0
    assert rows["city"].adapt["weights"]["sem_v"] == 1
    assert rows["city"].adapt["nets"] == rows["sggan"].adapt["nets"] | {"labels": True}
    assert rows["upper"].segment["seg"]["network"] == "resnet38"


def test_features_that_cannot_be_read_are_told_before_any_work(tmp_path):
    config = benchmark.get_config("toycity").to_dict()
    (tmp_path / "vgg.pth").write_text("no weights")
    config["features"] = str(tmp_path / "vgg.pth")
    with pytest.raises(InputError, match=r"vgg\.pth cannot be read as a PyTorch state dictionary"):
        Benchmark(config, read_experiments(config), tmp_path / "bench")
    assert not (tmp_path / "bench").exists()
