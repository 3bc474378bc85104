"""The paper's comparison: every system on one pair of data sets, one line for each.

``--config configs/benchmark.py:NAME`` with NAME one of

* ``toycity`` (default): the built-in toy city, whose true adapted images are known;
* ``camvid``: labelled renderings to CamVid photographs at 64x128;
* ``cityscapes128``: labelled renderings to Cityscapes at 128x256, with what goes beyond the paper
  (docs/recipe.md), an idea a row;
* ``cityscapes128_gpu``: the same data on a GPU: batches of 4 in 1500 steps, and wider networks;
* ``budget``: the same data; what adapted renderings are worth beside 0, 25, 100, 400 and all
  labelled photographs, at equal steps (docs/recipe.md); not measured;
* ``paper``: GTA-V to Cityscapes at the paper's settings (Table 2), for GPUs;
* ``gtav``: the same at the sizes that others work at, with what goes beyond the paper: windows of
  256x512 out of 512x1024, segmentation of 512x1024, scored on labels of 1024x2048; for GPUs, not
  measured.
"""

from ml_collections import ConfigDict

from configs import common
from configs.experiments import list_beyond, list_experiments, list_uses

ORDER = (
    *("source", "identity", "statistics", "fourier", "class_statistics", "regions"),
    *("fcns_in_the_wild", "simgan", "bigan", "dualgan", "cyclegan"),
    *("no_gradient", "no_semantic", "hard", "grouping", "predicted", "sggan"),
)
BEYOND = (
    *("source", "class_statistics", "photograph_statistics", "regions", "cyclegan", "cut", "sggan"),
    *("with_features", "with_r1", "with_content", "with_agreement"),
    *("with_semantic", "with_semantic_real", "with_semantic_all"),
    *("city128", "labels_with_cycles", "city128_labels", "labels_photograph_statistics"),
    *("harmonised", "self_training", "adapted_self_training"),
    *("colours_self_training", "regions_self_training"),
    *("shares", "regions_shares", "colours_shares", "colours_shares_self_training"),
    *("few_labels", "few_labels_alone", "judge", "upper"),
)
ORDERS = {
    "cityscapes128": BEYOND,
    "cityscapes128_gpu": (
        "source",
        "regions",
        "cyclegan",
        "sggan",
        "city128",
        "city128_gpu",
        "harmonised",
        "judge",
        "upper",
    ),
    "gtav": ("source", "class_statistics", "cyclegan", "cut", "sggan", "city", "upper"),
    "budget": ("source", "city128_unlabelled", "upper"),
}
"""Rows of the comparisons that have other rows than the paper's."""
LARGE = ("road", "sidewalk", "building", "vegetation", "sky", "vehicle")


def get_config(name: str = "toycity"):
    """Return the named benchmark.

    Raises:
      ValueError: if there is none of that name.
    """
    if name not in PRESETS:
        raise ValueError(f"configs/benchmark.py has {', '.join(PRESETS)}; got {name!r}")
    config = ConfigDict()
    # The two domains, their size and place, for every run: as in configs/common.py.
    config.data = common.get_config().data
    # Sizes of the segmentation networks, where they are not those of ``data``: of what they learn
    # from at a time, and of whole images.
    config.segment_data = ConfigDict(
        {"height": 0, "width": 0, "stored_height": 0, "stored_width": 0}
    )
    # Size at which they are scored: that of training, or labels, the label files' own.
    config.score_size = "training"
    # Seeds of every adaptation, and of the segmentation networks trained on what each made.
    config.adapt_seeds = (0, 1)
    config.segment_seeds = (0, 1, 2)
    # Splits of the real data set to score on. Choose settings on val, look at test once.
    config.splits = ("val",)
    # Classes of the segmentation networks, and those of them that cover much of a picture.
    config.label_set = "ten"
    config.large = LARGE
    # Steps of every adaptation and every segmentation network; 0 leaves them as they are.
    config.adapt_steps = 0
    config.segment_steps = 0
    # Experiments that the others are compared with: no adaptation, and real labels.
    config.source = "source"
    config.upper = "upper"
    # Experiment of real labels and another architecture, which no adaptation asks: its network says
    # as well what images keep of their labels, where ``order`` has it. Empty for none.
    config.judge = "judge"
    # PyTorch file of EfficientNet-Lite0, VGG16 or the Inception of FID, for KID of the images;
    # empty for the installed package's of the first.
    config.features = ""
    # The curve over numbers of labelled real images: which numbers, the last perhaps 'all', and
    # the experiments whose images stand beside them; it is left out without numbers.
    config.budget = ConfigDict({"counts": (), "beside": ()})
    preset, light = PRESETS[name](config)
    config.experiments = list_experiments(preset, light, config.label_set)
    config.experiments.update(list_beyond(preset, light))
    config.experiments.update(list_uses(preset, light))
    if name == "cityscapes128_gpu":
        for one in ("cyclegan", "sggan", "city128", "harmonised"):
            adapt = config.experiments[one].adapt
            adapt.train.batch_size, adapt.semantic.readable = 4, False
    # Rows of the table; an experiment that is not here is not run.
    extra = {"camvid": ("unbalanced",), "paper": ("sggan_2k",)}.get(name, ())
    config.order = ORDERS.get(name, ORDER[:-1] + extra + (ORDER[-1], "upper"))
    if name == "budget":
        config.budget.counts = (0, 25, 100, 400, "all")
        config.budget.beside = ("source", "city128_unlabelled")
    return config.lock()


def toycity(config) -> tuple[str, str]:
    """Compare on the toy city: its two looks at 64x128, the true look known."""
    config.data.height, config.data.width = 64, 128
    config.adapt_seeds, config.segment_seeds = (0, 1, 2), (0,)
    config.splits = ("test",)
    return "toycity", "light"


def camvid(config) -> tuple[str, str]:
    """Compare from renderings to CamVid photographs."""
    config.data.virtual = config.data.real = "folder"
    config.data.height, config.data.width = 64, 128
    return "camvid", "light"


def cityscapes128(config) -> tuple[str, str]:
    """Compare from renderings to Cityscapes, small enough for a CPU."""
    config.data.virtual, config.data.real = "folder", "cityscapes"
    config.data.height, config.data.width = 128, 256
    config.adapt_steps, config.segment_steps = 1000, 800
    return "camvid128", "city128"


def cityscapes128_gpu(config) -> tuple[str, str]:
    """Compare from renderings to Cityscapes with batches that a GPU is fed by."""
    names = cityscapes128(config)
    config.adapt_steps = 1500
    return names


def paper(config) -> tuple[str, str]:
    """Compare as the paper did, GTA-V to Cityscapes, 500 images aside; hours on GPUs."""
    config.data.virtual, config.data.real = "folder", "cityscapes"
    config.data.virtual_table = "gtav"
    config.label_set = "cityscapes19"
    config.large = (*LARGE[:-1], "car")
    config.adapt_seeds = (0,)
    return "paper", "paper"


def gtav(config) -> tuple[str, str]:
    """Compare GTA-V to Cityscapes at the sizes that others work at."""
    paper(config)
    config.data.stored_height, config.data.stored_width = 512, 1024
    config.segment_data.height, config.segment_data.width = 512, 1024
    config.segment_data.stored_height, config.segment_data.stored_width = 512, 1024
    config.score_size = "labels"
    return "city", "paper"


PRESETS = {
    "toycity": toycity,
    "camvid": camvid,
    "cityscapes128": cityscapes128,
    "cityscapes128_gpu": cityscapes128_gpu,
    "budget": cityscapes128,
    "paper": paper,
    "gtav": gtav,
}
