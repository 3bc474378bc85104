"""A video adapted: decoded, adapted, measured and encoded frame by frame, in bounded memory."""

import dataclasses
import json
import time
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np

from sggan_jax.adapt.adapter import Adapter
from sggan_jax.adapt.flow import stack
from sggan_jax.adapt.manifest import Entry, describe_maker
from sggan_jax.adapt.provenance import make_record
from sggan_jax.adapt.strength import FULL, Strength, make_work
from sggan_jax.adapt.video_files import (
    CONTAINERS,
    Frame,
    VideoReader,
    VideoWriter,
    import_av,
    open_video,
)
from sggan_jax.evaluate.flicker import NO_FLICKER, Flicker, measure_pair
from sggan_jax.files import hash_file, write_atomically, write_json
from sggan_jax.progress import Progress
from sggan_jax.types import InputError

_VIDEO_SUFFIXES = (*CONTAINERS, ".avi", ".gif", ".m4v", ".mpg", ".mpeg", ".ts", ".webm", ".wmv")


@dataclasses.dataclass(frozen=True)
class VideoSummary:
    """What became of a video.

    Attributes:
      frames: adapted.
      size: height and width of each.
      seconds: time taken, compilation included.
      flicker: of the adapted frames beside their source, before they were encoded.
      still: share of the pixels that stand still, in the pairs of frames measured.
      sound: what became of it.
    """

    frames: int
    size: tuple[int, int]
    seconds: float
    flicker: Flicker
    still: float
    sound: str


def is_video(path: Path) -> bool:
    """Whether a source is one file, or has the ending of a video."""
    return path.is_file() or (not path.is_dir() and path.suffix.lower() in _VIDEO_SUFFIXES)


def check_video(source: Path, output: Path, overwrite: bool) -> None:
    """Refuse what cannot be adapted or written, before anything is loaded.

    Raises:
      InputError: if PyAV is absent, the source is no video, or the output has another ending, is
        the source, a folder, or there already.
    """
    with open_video(source):
        pass
    if output.suffix.lower() not in CONTAINERS:
        raise InputError(
            f"the output {output} of a video must end in {', '.join(CONTAINERS)}; name it so"
        )
    if output.exists() and output.resolve() == source.resolve():
        raise InputError(f"input and output are both {source}; give another output")
    if output.is_dir():
        raise InputError(f"the output {output} is a folder; give the name of a video")
    if output.exists() and not overwrite:
        raise InputError(f"{output} exists; give another output, or --overwrite to replace it")


def adapt_video(
    adapter: Adapter,
    source: str | Path,
    output: str | Path,
    *,
    strength: Strength = FULL,
    batch_size: int = 1,
    overwrite: bool = False,
    progress: bool = True,
) -> VideoSummary:
    """Adapt a video into another, and describe it in ``OUTPUT.json`` beside.

    Frames, their order, times and size stay; sound is carried over where the container takes it.
    The output is written atomically; what was interrupted begins anew.

    Args:
      adapter: from :func:`sggan_jax.adapt.adapter.load_adapter`.
      source: a video that FFmpeg reads.
      output: ``.mp4``, ``.mov`` or ``.mkv``, as H.264.
      strength: how far to go, for all classes alike.
      batch_size: frames adapted at once.
      overwrite: replace a file that is there.
      progress: whether to tell of progress on standard error.

    Returns:
      Counts, time and flicker.

    Raises:
      InputError: as :func:`check_video` does; or if a frame cannot be read, or the output not be
        written.
    """
    source, output, start = Path(source), Path(output), time.perf_counter()
    check_video(source, output, overwrite)
    meter = _Meter()
    with open_video(source) as video, write_atomically(output) as part:
        kind, error = CONTAINERS[output.suffix.lower()], import_av().FFmpegError
        bar = Progress("adapting", video.frame_count, "frames", shown=progress)
        try:
            with VideoWriter(part, kind, video) as writer, bar:
                frames = video.frames(writer.add_sound)
                for before, after in _adapt(adapter, strength, frames, batch_size):
                    meter.add(before.image, after.image)
                    writer.add(after)
                    bar.advance()
        except error as failed:
            reason = failed.strerror or failed
            raise InputError(f"{output} cannot be written: {reason}") from failed
        summary = meter.sum_up(time.perf_counter() - start, writer.sound)
        entry = _describe(video, output.name, part, summary)
        entry |= describe_maker(make_record(adapter, source, strength=str(strength)))
        write_json(_manifest(output), entry, indent=1)
    return summary


def _adapt(
    adapter: Adapter, strength: Strength, frames: Iterator[Frame], batch_size: int
) -> Iterator[tuple[Frame, Frame]]:
    """Adapt frames by batches; yields each before and after."""
    work, compiled = make_work(adapter, strength), set[tuple[int, ...]]()
    while batch := list(islice(frames, batch_size)):
        names = [Path(str(frame.time)) for frame in batch]
        images = [(name, frame.image) for name, frame in zip(names, batch, strict=True)]
        made = work(names, stack(images, batch_size, compiled))
        for frame, image in zip(batch, made, strict=False):
            yield frame, Frame(image, frame.time)


class _Meter:
    """Counts frames and measures how much they flicker, one pair at a time."""

    def __init__(self):
        self._last: tuple[np.ndarray, np.ndarray] | None = None
        self._count, self._flicker = 0, NO_FLICKER

    def add(self, before: np.ndarray, after: np.ndarray) -> None:
        if self._last is not None:
            source, adapted = zip(self._last, (before, after), strict=True)
            self._flicker += measure_pair(source, adapted)
        self._last, self._count = (before, after), self._count + 1

    def sum_up(self, seconds: float, sound: str) -> VideoSummary:
        height, width = self._last[0].shape[:2] if self._last else (0, 0)
        pixels = self._flicker.pairs * height * width
        still = self._flicker.pixels / pixels if pixels else 0.0
        return VideoSummary(self._count, (height, width), seconds, self._flicker, still, sound)


def _describe(video: VideoReader, name: str, part: Path, summary: VideoSummary) -> Entry:
    """Describe a video but for what made it; nothing is judged, for it has no labels."""
    return {
        "video": name,
        "sha256": hash_file(part),
        "source": video.path.name,
        "source_sha256": hash_file(video.path),
        "frames": summary.frames,
        "height": summary.size[0],
        "width": summary.size[1],
        "rate": str(video.rate),
        "sound": summary.sound,
        "flicker": dataclasses.asdict(summary.flicker),
        "scores": None,
    }


def _manifest(video: Path) -> Path:
    return video.with_name(f"{video.name}.json")


def check_adapted(video: Path) -> list[str]:
    """Compare an adapted video with its manifest.

    Returns:
      A sentence if it was changed; empty when it is as it was made.

    Raises:
      InputError: if it has no manifest, or a damaged one.
    """
    path = _manifest(video)
    try:
        known = json.loads(path.read_text(encoding="utf-8"))["sha256"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} cannot be read: {error}; adapt {video} again") from error
    return [] if hash_file(video) == known else [f"{video} was changed since"]


def tell_video(summary: VideoSummary) -> Iterable[str]:
    """Say what became of a video, a sentence a line."""
    rate = summary.frames / summary.seconds if summary.seconds else 0.0
    yield (
        f"adapted {summary.frames} frames in {summary.seconds:.1f} s "
        f"({rate:.2f} frames/s, compilation included); sound: {summary.sound}"
    )
    flicker = summary.flicker
    if not flicker.pixels:
        yield "flicker: not measured, less than a fifth of every frame stands still"
        return
    source, adapted = (one / flicker.pixels for one in (flicker.source, flicker.adapted))
    yield (
        f"flicker: source {source:.2f}, adapted {adapted:.2f} grey levels from frame to frame, "
        f"where the source stands still ({summary.still:.0%} of {flicker.pairs} pairs of frames)"
    )
