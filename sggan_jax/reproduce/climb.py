"""Climb the ladder: every piece of work in order, what is done is not done again."""

import traceback
from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

from sggan_jax.reproduce.rung import Rung
from sggan_jax.reproduce.work import Ladder
from sggan_jax.types import InputError


class Job(NamedTuple):
    """A piece of work: the rung it is for, what to tell of it, and the work."""

    rung: str
    what: str
    run: Callable[[], None]


def climb(ladder: Ladder, only: tuple[str, ...] = ()) -> dict[str, str]:
    """Do all that is still to do.

    Args:
      ladder: rungs and paths.
      only: names of the rungs to work on; all when empty.

    Returns:
      Why a rung failed, by its name; the others went on.

    Raises:
      InputError: if ``only`` names no rung, or the data cannot be used.
    """
    unknown = set(only) - set(ladder.rungs)
    if unknown:
        raise InputError(f"there is no rung {sorted(unknown)}; rungs are {sorted(ladder.rungs)}")
    ladder.unpack("virtual")
    ladder.unpack("real")
    chosen = {name: rung for name, rung in ladder.rungs.items() if not only or name in only}
    jobs = list(list_jobs(ladder, chosen))
    failed: dict[str, str] = {}
    for number, job in enumerate(jobs, 1):
        if job.rung in failed:
            continue
        print(f"[{number}/{len(jobs)}] {job.rung}: {job.what}", flush=True)
        try:
            job.run()
        except Exception as error:
            failed[job.rung] = f"{job.what}: {error}"
            if not isinstance(error, InputError):
                traceback.print_exc()
            print(f"{job.rung} failed, the others go on. {failed[job.rung]}", flush=True)
    return failed


def list_jobs(ladder: Ladder, rungs: dict[str, Rung]) -> Iterator[Job]:
    """List the work in an order that gives every rung one seed before any has two."""
    config = ladder.config
    if config["upper"] in rungs:
        yield from _jobs_of_seed(ladder, rungs[config["upper"]], 0)
    # What learns nothing has no seed: it has its turn once.
    turns = [
        (rung, seed if rung.adapt else 0)
        for round_, seed in enumerate(config["adapt_seeds"])
        for rung in rungs.values()
        if rung.name != config["upper"] and (rung.adapt or round_ == 0)
    ]
    for rung, seed in turns:
        yield from _jobs_of_seed(ladder, rung, seed)
    for rung, seed in turns:
        yield from _jobs_on_images(ladder, rung, seed)


def _jobs_of_seed(ladder: Ladder, rung: Rung, seed: int) -> Iterator[Job]:
    def job(what, work, *args):
        return Job(rung.name, what, partial(work, rung, seed, *args))

    if rung.predicted:
        yield Job(rung.name, "predict labels of the real domain", ladder.predict_labels)
    if rung.adapt:
        yield job(f"train adaptation, seed {seed}", ladder.train_adapter)
    if rung.is_adapted:
        yield job(f"adapt images, seed {seed}", ladder.make_dataset)
    for segment_seed in ladder.config["segment_seeds"]:
        told = f"seeds {seed} and {segment_seed}"
        yield job(f"train segmentation, {told}", ladder.train_segmenter, segment_seed)
        for split in ladder.config["splits"]:
            yield job(f"score on real {split}, {told}", ladder.score_real, segment_seed, split)


def _jobs_on_images(ladder: Ladder, rung: Rung, seed: int) -> Iterator[Job]:
    def job(what, work, *args):
        return Job(rung.name, what, partial(work, rung, seed, *args))

    for segment_seed in ladder.config["segment_seeds"]:
        yield job(f"score labels kept, seed {seed}", ladder.score_kept, segment_seed)
    if (ladder.data.virtual, ladder.data.real) == ("toycity", "toycity"):
        yield job(f"compare with the true look, seed {seed}", ladder.score_truth)
