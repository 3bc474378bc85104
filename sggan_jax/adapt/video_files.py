"""Video files read and written frame by frame, upright RGB; needs PyAV, the extra ``video``.

Frames keep their order and times; colours are decoded by the matrix that the file notes and encoded
by that of BT.709, which is noted. Sound is carried over packet by packet, as it is.
"""

import contextlib
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from sggan_jax.folders import is_image
from sggan_jax.messages import warn
from sggan_jax.types import InputError

CONTAINERS = {".mp4": "mp4", ".mov": "mov", ".mkv": "matroska"}
"""What is written, by ending: H.264 in one of these."""

# Hardly to be told from what was encoded.
_ENCODER = {"crf": "16", "preset": "medium"}
_BT709, _LIMITED = 1, 1
# PyAV takes texts and single images for videos, too.
_NO_VIDEOS = ("ansi", "bintext", "xbin", "idf")
_LARGEST_TERM = 65535
_SHORT = 1.0


class Frame(NamedTuple):
    """A frame, uint8 RGB [H, W, 3], and when it is shown, in the video's units of time."""

    image: np.ndarray
    time: int


def import_av() -> Any:
    """Import PyAV.

    Raises:
      InputError: if it is not installed.
    """
    try:
        import av
    except ImportError as error:
        raise InputError("videos need PyAV; install it with: pip install '.[video]'") from error
    return av


class VideoReader:
    """An open video: ``with open_video(path) as video: for frame in video.frames(): ...``.

    Attributes:
      path: of the file.
      rate: frames per second.
      unit: seconds of a unit of time.
      frame_count: as the file says or its packets do; what is decoded decides.
      sound: streams of sound.
      aspect: width of a pixel by its height; upright once a frame is read.
    """

    def __init__(self, path: Path, container: Any):
        """Take the first video stream of an open container.

        Raises:
          InputError: if it has none.
        """
        streams = container.streams.video
        if not streams or streams[0].codec_context.name in _NO_VIDEOS:
            raise InputError(f"{path} cannot be read as a video: it holds no moving pictures")
        self.path, self._container, self._stream = path, container, streams[0]
        rate = self._stream.average_rate or self._stream.guessed_rate or Fraction(25)
        self.rate = Fraction(rate).limit_denominator(_LARGEST_TERM)
        self.unit = Fraction(self._stream.time_base or 1 / self.rate)
        self.frame_count = self._stream.frames or _count_packets(path)
        self.sound = tuple(container.streams.audio)
        self.aspect = self._stream.sample_aspect_ratio or Fraction(1)
        self._stream.codec_context.options = {"err_detect": "explode"}  # and conceal nothing
        self._stream.thread_type = "AUTO"

    def frames(self, on_sound: Callable[[Any], None]) -> Iterator[Frame]:
        """Decode frames in order, turned upright.

        Args:
          on_sound: is given every packet of sound on the way.

        Raises:
          InputError: naming the frame that cannot be read, or is of another size than the first.
        """
        av, count, size, last = import_av(), 0, None, None
        step = max(1, round(1 / self.rate / self.unit))
        try:
            for packet in self._container.demux(self._stream, *self.sound):
                if packet.stream in self.sound:
                    if packet.dts is not None:
                        on_sound(packet)
                    continue
                if packet.is_corrupt:
                    raise self._broken(count, "its data are cut off")
                for frame in packet.decode():
                    if frame.is_corrupt:
                        raise self._broken(count, "its data are damaged")
                    image = self._upright(frame)
                    if size is None and round(frame.rotation / 90) % 2:
                        self.aspect = 1 / self.aspect
                    size = size or image.shape
                    if image.shape != size:
                        raise self._broken(count, f"its size changes from {size} to {image.shape}")
                    later = frame.pts is not None and (last is None or frame.pts > last)
                    last = frame.pts if later else (0 if last is None else last + step)
                    count += 1
                    yield Frame(image, last)
        except av.FFmpegError as error:
            raise self._broken(count, error.strerror or str(error)) from error
        if last is None:
            raise InputError(f"{self.path} holds no frame; give a video that plays")
        self._tell_if_short(float((last + step) * self.unit))

    def _upright(self, frame: Any) -> np.ndarray:
        turns = round(frame.rotation / 90) % 4
        return np.ascontiguousarray(np.rot90(frame.to_ndarray(format="rgb24"), turns))

    def _broken(self, count: int, reason: str) -> InputError:
        return InputError(
            f"{self.path} cannot be read beyond frame {count}, of about {self.frame_count}: "
            f"{reason}; repair the file, or cut it before that frame"
        )

    def _tell_if_short(self, end: float) -> None:
        length = (self._container.duration or 0) / 1e6
        if length - end > _SHORT:
            warn(f"{self.path} is said to last {length:.1f} s, its frames end at {end:.1f} s")


@contextlib.contextmanager
def open_video(path: Path) -> Iterator[VideoReader]:
    """Open a video to be read.

    Raises:
      InputError: if it is missing, empty or no video.
    """
    av = import_av()
    if not path.is_file():
        raise InputError(f"{path} is not a file; give a video, or a folder of images")
    if is_image(path):
        raise InputError(f"{path} is an image and no video; give the folder that holds it")
    if not path.stat().st_size:
        raise InputError(f"{path} is empty; give a video that plays")
    try:
        container = av.open(str(path))
    except av.FFmpegError as error:
        reason = error.strerror or error
        raise InputError(f"{path} cannot be read as a video: {reason}") from error
    with container:
        yield VideoReader(path, container)


def _count_packets(path: Path) -> int:
    with import_av().open(str(path)) as container:
        return sum(packet.size > 0 for packet in container.demux(container.streams.video[0]))


class VideoWriter:
    """Writes H.264 of the times, rate and sound of another video: ``with VideoWriter(...) as w``.

    Attributes:
      sound: what becomes of the sound: ``carried over``, ``none``, or why it is left out.
    """

    def __init__(self, path: Path, kind: str, like: VideoReader):
        """Open a file.

        Args:
          path: of the file.
          kind: of :data:`CONTAINERS`.
          like: the source.
        """
        self._container = import_av().open(str(path), "w", format=kind)
        self._stream = self._container.add_stream("libx264", rate=like.rate, options=_ENCODER)
        self._like = like
        self._waiting: list[Any] | None = []  # sound that came before the first frame
        context = self._stream.codec_context
        context.time_base = like.unit
        context.colorspace = context.color_primaries = context.color_trc = _BT709
        context.color_range = _LIMITED
        self.sound, self._tracks = self._take_sound()

    def _take_sound(self) -> tuple[str, dict[int, Any]]:
        names = {stream.codec_context.name for stream in self._like.sound}
        if not names:
            return "none", {}
        unknown = sorted(names - self._container.supported_codecs)
        if unknown:
            return f"left out: {self._container.format.name} takes no {unknown[0]}", {}
        make = self._container.add_stream_from_template
        return "carried over", {stream.index: make(stream) for stream in self._like.sound}

    def __enter__(self) -> "VideoWriter":
        return self

    def __exit__(self, kind: type | None, *_: object) -> None:
        try:
            if kind is None:
                self._container.mux(self._stream.encode(None))
        finally:
            self._container.close()

    def add(self, frame: Frame) -> None:
        """Encode a frame."""
        height, width = frame.image.shape[:2]
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            self._stream.width, self._stream.height = width, height
            self._stream.codec_context.sample_aspect_ratio = self._like.aspect
            # Halved colours, which every program shows, need even sides.
            self._stream.pix_fmt = "yuv420p" if height % 2 == width % 2 == 0 else "yuv444p"
        picture = import_av().VideoFrame.from_ndarray(frame.image, format="rgb24")
        picture = picture.reformat(
            format=self._stream.pix_fmt, dst_colorspace=_BT709, dst_color_range=_LIMITED
        )
        picture.pts, picture.time_base = frame.time, self._like.unit
        self._container.mux(self._stream.encode(picture))
        for packet in waiting or ():
            self.add_sound(packet)

    def add_sound(self, packet: Any) -> None:
        """Copy a packet of sound."""
        track = self._tracks.get(packet.stream.index)
        if self._waiting is not None:
            self._waiting.append(packet)
        elif track is not None:
            packet.stream = track
            self._container.mux(packet)
