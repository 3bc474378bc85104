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

from functools import partial

from ml_collections import ConfigDict

from configs import (
    bigan,
    common,
    cut,
    cyclegan,
    dualgan,
    fcns_in_the_wild,
    segmenter,
    self_training,
    sggan,
    simgan,
)
from configs.experiments import experiment, with_changes

ORDER = (
    *("source", "identity", "statistics", "fourier", "class_statistics", "regions"),
    *("fcns_in_the_wild", "simgan", "bigan", "dualgan", "cyclegan"),
    *("no_gradient", "no_semantic", "hard", "grouping", "predicted", "sggan"),
)
BEYOND = (
    *("source", "class_statistics", "regions", "cyclegan", "cut", "sggan"),
    *("with_features", "with_r1", "with_content", "with_agreement"),
    *("with_semantic", "with_semantic_real", "with_semantic_all"),
    *("city128", "city128_labels", "harmonised"),
    *("self_training", "adapted_self_training", "regions_self_training"),
    *("few_labels", "few_labels_alone", "upper"),
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
    # The curve over numbers of labelled real images: which numbers, the last perhaps 'all', and
    # the experiments whose images stand beside them; it is left out without numbers.
    config.budget = ConfigDict({"counts": (), "beside": ()})
    preset, light = PRESETS[name](config)
    config.experiments = list_experiments(preset, light, config.label_set)
    config.experiments.update(list_beyond(preset, light))
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


def list_experiments(preset: str, network: str, label_set: str) -> ConfigDict:
    """List the experiments, from nothing learned to real labels.

    Args:
      preset: of the adaptations' configurations.
      network: preset of the segmentation network.
      label_set: its classes, each a region of the finest grouping.
    """
    game, segment = sggan.get_config(preset), segmenter.get_config(network)
    sggan.without_beyond(game)
    variant = partial(with_changes, game)
    no_gradient = {"weights__grad_v": 0.0, "weights__grad_r": 0.0}
    experiments = ConfigDict()
    experiments.source = experiment("source only", segment, paper="54.51 / 35.95 / 24.60")
    experiments.identity = experiment("identity", segment, colour_transfer="identity")
    experiments.statistics = experiment("colour statistics", segment, colour_transfer="statistics")
    experiments.fourier = experiment("Fourier amplitudes (FDA)", segment, colour_transfer="fourier")
    experiments.class_statistics = experiment(
        "colour statistics by class", segment, colour_transfer="class_statistics"
    )
    experiments.regions = experiment(
        "composed of photographs' regions", segment, colour_transfer="regions"
    )
    experiments.fcns_in_the_wild = experiment(
        "FCNs in the Wild", fcns_in_the_wild.get_config(network), paper="- / - / 27.10"
    )
    experiments.simgan = experiment("SimGAN", segment, simgan.get_config(preset))
    experiments.bigan = experiment("BiGAN", segment, bigan.get_config(preset))
    experiments.dualgan = experiment("DualGAN", segment, dualgan.get_config(preset))
    experiments.cyclegan = experiment(
        "CycleGAN", segment, cyclegan.get_config(preset), paper="71.61 / 42.98 / 28.15"
    )
    experiments.no_gradient = experiment(
        "SG-GAN without gradient loss", segment, variant(**no_gradient)
    )
    experiments.no_semantic = experiment(
        "SG-GAN without semantic discriminator", segment, variant(data__class_groups="one")
    )
    experiments.hard = experiment(
        "SG-GAN, hard gradient loss", segment, variant(loss__grad_alpha=1.0)
    )
    # The grouping that SG-GAN's preset does not have: the paper's, or the finest.
    other, words = label_set, "a region for every class"
    if game.data.class_groups == label_set:
        other, words = "paper8", "the paper's eight class groups"
    experiments.grouping = experiment(
        f"SG-GAN, {words}", segment, variant(data__class_groups=other)
    )
    experiments.unbalanced = experiment(
        "SG-GAN, class groups by their size", segment, variant(loss__group_balance=0.0)
    )
    experiments.predicted = experiment("SG-GAN, predicted labels", segment, game, predicted=True)
    two_thousand = variant(data__virtual_count=2000, data__real_count=2000)
    experiments.sggan_2k = experiment(
        "SG-GAN-2K", segment, two_thousand, paper="72.65 / 45.87 / 33.81"
    )
    experiments.sggan = experiment("SG-GAN", segment, game, paper="81.72 / 47.29 / 37.43 (25K)")
    experiments.upper = experiment("real labels", segment, domain="real", real_labels="all")
    return experiments


def list_beyond(preset: str, network: str) -> ConfigDict:
    """List what goes beyond the paper: one idea beside SG-GAN each, all of a preset, and others.

    Args:
      preset: of the adaptations' configurations.
      network: preset of the segmentation network.
    """
    segment = segmenter.get_config(network)

    def sggan_with(title: str, **values) -> ConfigDict:
        game = sggan.get_config(preset)
        sggan.without_beyond(game)
        return experiment(f"SG-GAN with {title}", segment, with_changes(game, **values))

    full = "city" if preset == "city" else "city128"

    # Experiments whose first segmentation network is asked: it has learned from renderings alone,
    # or from photographs, whose labels SG-GAN uses anyway.
    asked, asked_real = {"semantic__teacher": "source"}, {"semantic__teacher": "upper"}

    def whole(preset: str, title: str, images: str = "") -> ConfigDict:
        adapt = with_changes(sggan.get_config(preset), **asked_real)
        return experiment(title, segment, adapt, images=images)

    features = {"weights__adv_feat_r": 1.0, "weights__dis_feat_r": 1.0}
    return ConfigDict(
        {
            "cut": experiment("CUT", segment, cut.get_config(preset)),
            "with_features": sggan_with("discriminators of features", **features),
            "with_r1": sggan_with("R1", weights__r1_r=0.03, weights__r1_v=0.03, loss__r1_every=4),
            "with_content": sggan_with("content loss", weights__content_v=1, weights__content_r=1),
            "with_agreement": sggan_with("agreement masks", loss__agreement=True),
            "with_semantic": sggan_with(
                "semantic loss, teacher of renderings", weights__sem_v=1.0, **asked
            ),
            "with_semantic_real": sggan_with(
                "semantic loss, teacher of photographs", weights__sem_v=1.0, **asked_real
            ),
            "with_semantic_all": sggan_with(
                "semantic loss, teacher of photographs, every pixel",
                weights__sem_v=1.0,
                semantic__readable=False,
                **asked_real,
            ),
            "city128_labels": whole("city128_labels", "the same, generators told the labels"),
            "city128_gpu": whole(
                "city128_gpu", "the same, twice as wide, features weighing twice as much"
            ),
            full: whole(full, "SG-GAN, features, R1 and semantic loss"),
            "harmonised": whole(full, "{images}, then SG-GAN with all this", images="regions"),
            "self_training": experiment(
                "renderings, self-training", self_training.get_config(network)
            ),
            # On another one's images: --config.experiments.few_labels.images names it.
            "adapted_self_training": experiment(
                "{images}, self-training", self_training.get_config(network), images=full
            ),
            "regions_self_training": experiment(
                "{images}, self-training", self_training.get_config(network), images="regions"
            ),
            "few_labels": experiment(
                "{images}, 100 real labels", segment, images=full, real_labels=100
            ),
            "few_labels_alone": experiment(
                "100 real labels", segment, domain="real", real_labels=100
            ),
            # Neither its discriminators nor its teacher see a real label.
            f"{full}_unlabelled": experiment(
                "SG-GAN, features, R1 and semantic loss, no real label",
                segment,
                with_changes(sggan.get_config(full), **asked),
                predicted=True,
            ),
        }
    )


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
