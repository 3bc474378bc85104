"""The paper's comparison: every system on one pair of data sets, one line for each.

``--config configs/ladder.py:NAME`` with NAME one of

* ``toycity`` (default): the built-in toy city, whose true adapted images are known;
* ``camvid``: labelled renderings to CamVid photographs at 64x128;
* ``paper``: GTA-V to Cityscapes at the paper's settings (Table 2), for GPUs.
"""

from ml_collections import ConfigDict

from configs import bigan, common, cyclegan, dualgan, hoffman, segmenter, sggan, simgan

ORDER = (
    *("source", "identity", "statistics", "fourier", "class_statistics"),
    *("hoffman", "simgan", "bigan", "dualgan", "cyclegan"),
    *("no_gradient", "no_semantic", "hard", "grouping", "predicted", "sggan"),
)
LARGE = ("road", "sidewalk", "building", "vegetation", "sky", "vehicle")


def get_config(name: str = "toycity"):
    """Return the named ladder.

    Raises:
      ValueError: if there is none of that name.
    """
    if name not in PRESETS:
        raise ValueError(f"configs/ladder.py has {', '.join(PRESETS)}; got {name!r}")
    config = ConfigDict()
    # The two domains, their size and place: as in configs/common.py, for every run of the ladder.
    config.data = common.get_config().data
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
    # Rungs that the others are compared with: no adaptation, and real labels.
    config.source = "source"
    config.upper = "upper"
    preset, light = PRESETS[name](config)
    config.rungs = list_rungs(preset, light, config.label_set)
    # Rows of the table; a rung that is not here is not climbed.
    extra = {"camvid": ("unbalanced",), "paper": ("sggan_2k",)}.get(name, ())
    config.order = ORDER[:-1] + extra + (ORDER[-1], "upper")
    return config.lock()


def list_rungs(preset: str, network: str, label_set: str) -> ConfigDict:
    """List the rungs, from nothing learned to real labels.

    Args:
      preset: of the adaptations' configurations.
      network: preset of the segmentation network.
      label_set: its classes, each a region of the finest grouping.
    """
    game, segment = sggan.get_config(preset), segmenter.get_config(network)

    def variant(**values):
        config = game.copy_and_resolve_references()
        config.update_from_flattened_dict({k.replace("__", "."): v for k, v in values.items()})
        return config

    no_gradient = {"weights__grad_v": 0.0, "weights__grad_r": 0.0}
    rungs = ConfigDict()
    rungs.source = rung("source only", segment, paper="54.51 / 35.95 / 24.60")
    rungs.identity = rung("identity", segment, recolour="identity")
    rungs.statistics = rung("colour statistics", segment, recolour="statistics")
    rungs.fourier = rung("Fourier amplitudes (FDA)", segment, recolour="fourier")
    rungs.class_statistics = rung(
        "colour statistics by class", segment, recolour="class_statistics"
    )
    rungs.hoffman = rung("FCNs in the Wild", hoffman.get_config(network), paper="- / - / 27.10")
    rungs.simgan = rung("SimGAN", segment, simgan.get_config(preset))
    rungs.bigan = rung("BiGAN", segment, bigan.get_config(preset))
    rungs.dualgan = rung("DualGAN", segment, dualgan.get_config(preset))
    rungs.cyclegan = rung(
        "CycleGAN", segment, cyclegan.get_config(preset), paper="71.61 / 42.98 / 28.15"
    )
    rungs.no_gradient = rung("SG-GAN without gradient loss", segment, variant(**no_gradient))
    rungs.no_semantic = rung(
        "SG-GAN without semantic discriminator", segment, variant(data__regions="one")
    )
    rungs.hard = rung("SG-GAN, hard gradient loss", segment, variant(loss__grad_alpha=1.0))
    # The grouping that SG-GAN's preset does not have: the paper's, or the finest.
    other, words = label_set, "a region for every class"
    if game.data.regions == label_set:
        other, words = "paper8", "the paper's eight regions"
    rungs.grouping = rung(f"SG-GAN, {words}", segment, variant(data__regions=other))
    rungs.unbalanced = rung(
        "SG-GAN, regions by their size", segment, variant(loss__region_balance=0.0)
    )
    rungs.predicted = rung("SG-GAN, predicted labels", segment, game, predicted=True)
    two_thousand = variant(data__virtual_count=2000, data__real_count=2000)
    rungs.sggan_2k = rung("SG-GAN-2K", segment, two_thousand, paper="72.65 / 45.87 / 33.81")
    rungs.sggan = rung("SG-GAN", segment, game, paper="81.72 / 47.29 / 37.43 (25K)")
    rungs.upper = rung("real labels", segment, domain="real")
    return rungs


def rung(
    title: str,
    segment: ConfigDict,
    adapt: ConfigDict | None = None,
    *,
    recolour: str = "",
    domain: str = "virtual",
    predicted: bool = False,
    paper: str = "",
) -> ConfigDict:
    """Describe a rung, see :class:`sggan_jax.reproduce.rung.Rung`."""
    return ConfigDict(
        {
            "title": title,
            "adapt": adapt or ConfigDict(),
            "recolour": recolour,
            "segment": segment,
            "domain": domain,
            "predicted": predicted,
            "paper": paper,
        }
    )


def toycity(config) -> tuple[str, str]:
    """Climb on the toy city: its two looks at 64x128, the true look known."""
    config.data.height, config.data.width = 64, 128
    config.adapt_seeds, config.segment_seeds = (0, 1, 2), (0,)
    config.splits = ("test",)
    return "toycity", "light"


def camvid(config) -> tuple[str, str]:
    """Climb from renderings to CamVid photographs."""
    config.data.virtual = config.data.real = "folder"
    config.data.height, config.data.width = 64, 128
    return "camvid", "light"


def paper(config) -> tuple[str, str]:
    """Climb as the paper did, GTA-V to Cityscapes, 500 images aside; hours on GPUs."""
    config.data.virtual, config.data.real = "folder", "cityscapes"
    config.data.virtual_table = "gtav"
    config.label_set = "cityscapes19"
    config.adapt_seeds = (0,)
    return "paper", "paper"


PRESETS = {"toycity": toycity, "camvid": camvid, "paper": paper}
