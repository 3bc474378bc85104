"""Run the benchmark: every piece of work in order, what is done is not done again."""

import traceback
from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

from sggan_jax.reproduce.experiment import Experiment
from sggan_jax.reproduce.jobs import Benchmark
from sggan_jax.types import InputError


class Job(NamedTuple):
    """A piece of work: the experiment it is for, what to tell of it, and the work."""

    experiment: str
    what: str
    run: Callable[[], None]


def run_benchmark(benchmark: Benchmark, only: tuple[str, ...] = ()) -> dict[str, str]:
    """Do all that is still to do.

    Args:
      benchmark: experiments and paths.
      only: names of the experiments to work on, beside those they need; all when empty.

    Returns:
      Why an experiment failed, by its name; the others went on.

    Raises:
      InputError: if ``only`` names no experiment, or the data cannot be used.
    """
    unknown = set(only) - set(benchmark.experiments)
    if unknown:
        raise InputError(
            f"there is no experiment {sorted(unknown)}; there are {sorted(benchmark.experiments)}"
        )
    benchmark.unpack("virtual")
    benchmark.unpack("real")
    chosen = choose(benchmark, only or tuple(benchmark.experiments))
    for experiment in chosen.values():
        if isinstance(experiment.real_labels, int) and experiment.real_labels:
            for seed in benchmark.config["segment_seeds"]:
                benchmark.list_labelled(experiment.real_labels, seed)
    jobs = list(list_jobs(benchmark, chosen))
    failed: dict[str, str] = {}
    for number, job in enumerate(jobs, 1):
        if job.experiment in failed:
            continue
        print(f"[{number}/{len(jobs)}] {job.experiment}: {job.what}", flush=True)
        try:
            job.run()
        except Exception as error:
            failed[job.experiment] = f"{job.what}: {error}"
            if not isinstance(error, InputError):
                traceback.print_exc()
            print(
                f"{job.experiment} failed, the others go on. {failed[job.experiment]}", flush=True
            )
    return failed


def choose(benchmark: Benchmark, only: tuple[str, ...]) -> dict[str, Experiment]:
    """Choose experiments by name, with those whose network is asked about them.

    The network of real labels and the judge score what images keep of their labels, the one trained
    without adaptation predicts labels; where these are trained, they cost nothing.
    """
    named = [benchmark.experiments[name] for name in only]
    names = {*only}
    if any(_is_scored(experiment) for experiment in named):
        names |= {benchmark.config[asked] for asked in ("upper", "judge")}
    if any(stage.predicted for experiment in named for stage in experiment.stages):
        names.add(benchmark.config["source"])
    return {name: one for name, one in benchmark.experiments.items() if name in names}


def _is_scored(experiment: Experiment) -> bool:
    """Whether it is scored what the experiment's own images keep of their labels."""
    return experiment.domain == "virtual" and experiment.origin is experiment


def list_jobs(benchmark: Benchmark, experiments: dict[str, Experiment]) -> Iterator[Job]:
    """List the work in an order that gives every experiment one seed before any has two."""
    config = benchmark.config
    made: set[tuple[str, int]] = set()
    if config["upper"] in experiments:
        yield from _jobs_of_seed(benchmark, experiments[config["upper"]], 0, made)
    # What learns nothing has no seed: it has its turn once.
    turns = [
        (experiment, seed if experiment.learns else 0)
        for round_, seed in enumerate(config["adapt_seeds"])
        for experiment in experiments.values()
        if experiment.name != config["upper"] and (experiment.learns or round_ == 0)
    ]
    for experiment, seed in turns:
        yield from _jobs_of_seed(benchmark, experiment, seed, made)
    for experiment, seed in turns:
        if _is_scored(experiment):
            yield from _jobs_on_images(benchmark, experiment, seed)


def _jobs_of_seed(
    benchmark: Benchmark, experiment: Experiment, seed: int, made: set[tuple[str, int]]
) -> Iterator[Job]:
    """List training images, network and scores; images that were made for another are not again."""

    def job(what, work, *args):
        return Job(experiment.name, what, partial(work, experiment, seed, *args))

    for stage in experiment.stages:
        turn = seed if stage.learns else 0
        if (stage.name, turn) not in made:
            made.add((stage.name, turn))
            for what, work in _jobs_of_images(benchmark, stage, turn):
                yield Job(experiment.name, what, work)
    for segment_seed in benchmark.config["segment_seeds"]:
        told = f"seeds {seed} and {segment_seed}"
        yield job(f"train segmentation, {told}", benchmark.train_segmenter, segment_seed)
        for split in benchmark.config["splits"]:
            yield job(f"score on real {split}, {told}", benchmark.score_real, segment_seed, split)


def _jobs_of_images(
    benchmark: Benchmark, stage: Experiment, seed: int
) -> Iterator[tuple[str, Callable[[], None]]]:
    """List what makes an experiment's training images, where those it adapts are there."""
    if stage.predicted:
        yield "predict labels of the real domain", benchmark.predict_labels
    if stage.teacher in benchmark.experiments:
        teach = partial(benchmark.train_teacher, stage)
        yield f"train the teacher, {stage.teacher}'s", teach
    if stage.adapt:
        yield f"train adaptation, seed {seed}", partial(benchmark.train_adapter, stage, seed)
    if stage.is_adapted:
        yield f"adapt images, seed {seed}", partial(benchmark.make_dataset, stage, seed)


def _jobs_on_images(benchmark: Benchmark, experiment: Experiment, seed: int) -> Iterator[Job]:
    def job(what, work, *args):
        return Job(experiment.name, what, partial(work, experiment, seed, *args))

    for segment_seed in benchmark.config["segment_seeds"]:
        yield job(f"score labels kept, seed {seed}", benchmark.score_kept, segment_seed)
    if benchmark.config["judge"] in benchmark.experiments:
        yield job(f"score labels kept by the judge, seed {seed}", benchmark.score_judged)
    yield job(f"measure images, seed {seed}", benchmark.measure_images)
    if (benchmark.data.virtual, benchmark.data.real) == ("toycity", "toycity"):
        yield job(f"compare with the true look, seed {seed}", benchmark.score_truth)
