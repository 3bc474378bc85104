"""Rows of a benchmark's table as configurations; ``configs/benchmark.py`` says which are run."""

from functools import partial

from ml_collections import ConfigDict

from configs import (
    bigan,
    cut,
    cyclegan,
    dualgan,
    fcns_in_the_wild,
    segmenter,
    self_training,
    sggan,
    simgan,
)


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
    experiments.photograph_statistics = experiment(
        "colours of a photograph each, by class",
        segment,
        colour_transfer="photograph_statistics",
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
    grouping, words = label_set, "a region for every class"
    if game.data.class_groups == label_set:
        grouping, words = "paper8", "the paper's eight class groups"
    experiments.grouping = experiment(
        f"SG-GAN, {words}", segment, variant(data__class_groups=grouping)
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
    other = {"seg__network": "resnet38", "seg__width": 0.125, "seg__encoder_weights": ""}
    experiments.judge = experiment(
        "real labels, ResNet-38 an eighth as wide",
        with_changes(segment, **other),
        domain="real",
        real_labels="all",
    )
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

    full, title = name_full(preset), "SG-GAN, features, R1 and semantic loss"
    if full == "city":
        title = f"{title}, generator told the labels, one way"

    # Experiments whose first segmentation network is asked: it has learned from renderings alone,
    # or from photographs, whose labels SG-GAN uses anyway.
    asked, asked_real = {"semantic__teacher": "source"}, {"semantic__teacher": "upper"}

    def whole(preset: str, title: str, images: str = "", **values) -> ConfigDict:
        adapt = with_changes(sggan.get_config(preset), **asked_real, **values)
        return experiment(title, segment, adapt, images=images)

    cycles = {
        f"weights__{name}": sggan.get_config("city128").weights[name] for name in sggan.ONE_WAY
    }

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
            "labels_with_cycles": whole(
                "city128_labels", "SG-GAN told the labels, with cycles", **cycles
            ),
            "city128_labels": whole("city128_labels", "SG-GAN told the labels, one way"),
            "city128_gpu": whole(
                "city128_gpu", "the same, twice as wide, features weighing twice as much"
            ),
            full: whole(full, title),
            "harmonised": whole(full, "{images}, then SG-GAN with all this", images="regions"),
            # Neither its discriminators nor its teacher see a real label.
            f"{full}_unlabelled": experiment(
                f"{title}, no real label",
                segment,
                with_changes(sggan.get_config(full), **asked),
                predicted=True,
            ),
        }
    )


def name_full(preset: str) -> str:
    """Name the experiment with all that goes beyond the paper, for adaptations of a preset."""
    return preset if preset == "city" else "city128"


def list_uses(preset: str, network: str) -> ConfigDict:
    """List what is done with adapted images beside learning from them alone.

    Args:
      preset: of the adaptations' configurations.
      network: preset of the segmentation network.
    """
    full = name_full(preset)
    segment, taught = segmenter.get_config(network), self_training.get_config(network)
    # Learned as if classes were as frequent as in photographs, whose labels are counted for it.
    frequent = {"seg__shares": 0.5, "data__real": "folder"}
    weighed, taught_weighed = (with_changes(one, **frequent) for one in (segment, taught))
    return ConfigDict(
        {
            "self_training": experiment("renderings, self-training", taught),
            "labels_photograph_statistics": experiment(
                "{images}, colours of a photograph each",
                segment,
                images="city128_labels",
                colour_transfer="photograph_statistics",
            ),
            "shares": experiment("renderings, shares of classes", weighed),
            "regions_shares": experiment("{images}, shares of classes", weighed, images="regions"),
            "colours_shares": experiment(
                "{images}, shares of classes",
                weighed,
                images="labels_photograph_statistics",
            ),
            "colours_shares_self_training": experiment(
                "{images}, shares of classes, self-training",
                taught_weighed,
                images="labels_photograph_statistics",
            ),
            # On another one's images: --config.experiments.few_labels.images names it.
            "adapted_self_training": experiment("{images}, self-training", taught, images=full),
            "colours_self_training": experiment(
                "{images}, self-training", taught, images="labels_photograph_statistics"
            ),
            "regions_self_training": experiment(
                "{images}, self-training", taught, images="regions"
            ),
            "few_labels": experiment(
                "{images}, 100 real labels", segment, images=full, real_labels=100
            ),
            "few_labels_alone": experiment(
                "100 real labels", segment, domain="real", real_labels=100
            ),
        }
    )


def with_changes(config: ConfigDict, **values) -> ConfigDict:
    """Copy a configuration with some keys set, ``a.b`` written ``a__b``."""
    changed = config.copy_and_resolve_references()
    changed.update_from_flattened_dict({k.replace("__", "."): v for k, v in values.items()})
    return changed


def experiment(
    title: str,
    segment: ConfigDict,
    adapt: ConfigDict | None = None,
    *,
    colour_transfer: str = "",
    images: str = "",
    real_labels: int | str = 0,
    domain: str = "virtual",
    predicted: bool = False,
    paper: str = "",
) -> ConfigDict:
    """Describe an experiment, see :class:`sggan_jax.reproduce.experiment.Experiment`."""
    return ConfigDict(
        {
            "title": title,
            "adapt": adapt or ConfigDict(),
            "colour_transfer": colour_transfer,
            "segment": segment,
            "images": images,
            "real_labels": real_labels,
            "domain": domain,
            "predicted": predicted,
            "paper": paper,
        }
    )
