"""Videos of a few frames: what is kept, what is refused, what a fault leaves behind."""

import dataclasses
import json
import sys
from fractions import Fraction

import numpy as np
import pytest
from PIL import Image

from sggan_jax.adapt.request import Request, check, fulfil
from sggan_jax.adapt.strength import Strength
from sggan_jax.adapt.video import adapt_video, check_adapted, tell_video
from sggan_jax.adapt.video_files import VideoReader, VideoWriter, import_av, open_video
from sggan_jax.files import hash_file
from sggan_jax.types import InputError

av = pytest.importorskip("av")

RATE = Fraction(30000, 1001)
COLOURS = [(200, 60, 50), (50, 180, 70), (60, 70, 190), (230, 230, 230), (20, 20, 20)]


def picture(k, height=32, width=48):
    """A frame of its own: three bands of colour that go round."""
    image = np.empty((height, width, 3), np.uint8)
    for band in range(3):
        image[:, band * width // 3 : (band + 1) * width // 3] = COLOURS[(k + band) % 5]
    return image


def write_video(path, images, *, times=None, sound=None, turn=0, codec="libx264", **options):
    """Write a video in colours of BT.601, which differ from those that are written."""
    height, width = images[0].shape[:2]
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=RATE, options={"crf": "4", **options})
        stream.width, stream.height = width, height
        even = height % 2 == width % 2 == 0
        stream.pix_fmt = "yuv420p" if even else "yuv444p"
        context = stream.codec_context
        context.colorspace, context.color_range, context.time_base = 5, 1, 1 / RATE
        if turn:
            stream.set_display_rotation(turn)
        track = container.add_stream(sound, rate=8000, layout="mono") if sound else None
        for k, image in enumerate(images):
            frame = av.VideoFrame.from_ndarray(image)
            frame = frame.reformat(format=stream.pix_fmt, dst_colorspace=5, dst_color_range=1)
            frame.pts, frame.time_base = times[k] if times else k, 1 / RATE
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if track:
            wave = np.sin(np.arange(8000) / 5).astype(np.float32)[None]
            note = av.AudioFrame.from_ndarray(wave, format="fltp", layout="mono")
            note.rate, note.pts = 8000, 0
            container.mux(track.encode(note))
            container.mux(track.encode(None))
    return path


def read_video(path):
    """Images, seconds and rate of a video."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        frames = list(container.decode(stream))
        images = np.stack([frame.to_ndarray(format="rgb24") for frame in frames])
        return images, [float(frame.pts * stream.time_base) for frame in frames], stream


@pytest.fixture
def drive(tmp_path):
    return write_video(tmp_path / "drive.mp4", [picture(k) for k in range(7)])


@pytest.mark.parametrize("suffix", ["mp4", "mov", "mkv"])
@pytest.mark.parametrize("batch", [1, 3])
def test_frames_keep_order_size_and_rate(negative, drive, tmp_path, suffix, batch):
    out = tmp_path / f"sub/out.{suffix}"
    summary = adapt_video(negative, drive, out, batch_size=batch, progress=False)
    images, times, stream = read_video(out)
    assert (summary.frames, len(images), summary.size) == (7, 7, (32, 48))
    assert stream.average_rate == pytest.approx(RATE, rel=1e-3)  # Matroska counts milliseconds
    np.testing.assert_allclose(times, [k / float(RATE) for k in range(7)], atol=6e-4)
    for k in range(7):
        inner = np.s_[:, [8, 24, 40]]  # colours are halved in resolution, and mix at edges
        error = images[k][inner].astype(int) - (255 - picture(k)[inner])
        assert np.abs(error).max() <= 5


def test_times_of_frames_are_kept_where_they_are_uneven(negative, tmp_path):
    times = [0, 1, 5, 6, 13]
    drive = write_video(tmp_path / "a.mp4", [picture(k) for k in range(5)], times=times)
    adapt_video(negative, drive, tmp_path / "b.mp4", progress=False)
    _, kept, _ = read_video(tmp_path / "b.mp4")
    np.testing.assert_allclose(kept, [k / float(RATE) for k in times], atol=1e-3)


def test_odd_sizes_are_kept(negative, tmp_path):
    drive = write_video(tmp_path / "a.mkv", [picture(k, 33, 45) for k in range(2)])
    adapt_video(negative, drive, tmp_path / "b.mp4", progress=False)
    images, _, stream = read_video(tmp_path / "b.mp4")
    assert images.shape == (2, 33, 45, 3)
    assert stream.pix_fmt == "yuv444p"


def test_what_a_camera_held_upright_noted_is_turned_upright(negative, tmp_path):
    upright = picture(0)
    lying = np.ascontiguousarray(np.rot90(upright, -1))
    drive = write_video(tmp_path / "a.mp4", [lying] * 2, turn=90)
    with av.open(str(drive)) as container:
        assert next(container.decode(video=0)).rotation == 90
    adapt_video(negative, drive, tmp_path / "b.mp4", progress=False)
    images, _, _ = read_video(tmp_path / "b.mp4")
    assert images.shape == (2, 32, 48, 3)
    error = images[0, :, [8, 24, 40]].astype(int) - (255 - upright[:, [8, 24, 40]]).swapaxes(0, 1)
    assert np.abs(error).max() <= 5


def sound_of(path):
    with av.open(str(path)) as container:
        return [bytes(p) for p in container.demux(container.streams.audio[0]) if p.size]


def test_sound_is_carried_over(negative, tmp_path):
    images = [picture(k) for k in range(4)]
    drive = write_video(tmp_path / "a.mp4", images, sound="aac")
    summary = adapt_video(negative, drive, tmp_path / "b.mkv", batch_size=2, progress=False)
    assert summary.sound == "carried over"
    assert sound_of(tmp_path / "b.mkv") == sound_of(drive)
    assert len(sound_of(drive)) > 5


def test_sound_that_a_container_does_not_take_is_left_out_and_told(negative, tmp_path):
    drive = write_video(tmp_path / "a.mkv", [picture(0)], sound="wavpack")
    summary = adapt_video(negative, drive, tmp_path / "b.mov", progress=False)
    assert summary.sound == "left out: mov takes no wavpack"
    assert "sound: left out: mov takes no wavpack" in next(iter(tell_video(summary)))
    with av.open(str(tmp_path / "b.mov")) as container:
        assert not container.streams.audio


def test_a_strength_holds_for_videos_too(negative, tmp_path):
    drive = write_video(tmp_path / "a.mp4", [np.zeros((32, 48, 3), np.uint8)] * 2)
    adapt_video(negative, drive, tmp_path / "b.mp4", strength=Strength(0.5), progress=False)
    images, _, _ = read_video(tmp_path / "b.mp4")
    assert np.abs(images.astype(int) - 188).max() <= 2


def test_flicker_is_told_beside_that_of_the_source(negative, tmp_path):
    """The source stands still; every second frame is adapted 12 grey levels brighter."""
    drive = write_video(tmp_path / "a.mp4", [np.full((32, 48, 3), 100, np.uint8)] * 5)
    count = 0

    def adapt(images):
        nonlocal count
        count += 1
        return (images + 12 * (count % 2)).astype(np.uint8)

    adapter = Wrapped(negative, adapt)
    summary = adapt_video(adapter, drive, tmp_path / "b.mp4", progress=False)
    flicker = summary.flicker
    assert (flicker.pairs, flicker.pixels, summary.still) == (4, 4 * 32 * 48, 1.0)
    assert flicker.source == 0
    assert flicker.adapted / flicker.pixels == 12
    told = list(tell_video(summary))[1]
    assert told == (
        "flicker: source 0.00, adapted 12.00 grey levels from frame to frame, where the source "
        "stands still (100% of 4 pairs of frames)"
    )


class Wrapped:
    """An adapter that does what a function says."""

    def __init__(self, negative, function):
        self.run, self.direction, self.step, self.variables = negative.run, "v2r", 1, {}
        self._function = function

    def __call__(self, images):
        return self._function(images)


def test_a_manifest_lies_beside_and_is_compared(negative, drive, tmp_path, capsys):
    out = tmp_path / "b.mp4"
    adapt_video(negative, drive, out, strength=Strength(0.9), progress=False)
    entry = json.loads((tmp_path / "b.mp4.json").read_text())
    expected = {
        "video": "b.mp4",
        "sha256": hash_file(out),
        "source": "drive.mp4",
        "source_sha256": hash_file(drive),
        "frames": 7,
        "height": 32,
        "width": 48,
        "rate": "30000/1001",
        "sound": "none",
        "scores": None,
        "run": "tiny",
        "direction": "v2r",
        "step": 1,
        "size": "native",
        "strength": "0.9",
    }
    assert {key: entry[key] for key in expected} == expected
    assert {"config", "weights", "flicker"} == set(entry) - set(expected)
    assert check_adapted(out) == []
    out.write_bytes(out.read_bytes() + b"x")
    assert check(str(out)) == 1
    assert f"{out} was changed since" in capsys.readouterr().out
    (tmp_path / "b.mp4.json").unlink()
    with pytest.raises(InputError, match=r"b\.mp4\.json cannot be read"):
        check_adapted(out)


def no_video(folder, name):
    """Files that are no videos, of all kinds."""
    path = folder / name
    if name == "text.mp4":
        path.write_text("hello\n" * 100)
    if name == "text.txt":  # which FFmpeg would draw
        path.write_text("hello\n" * 100)
    if name == "empty.mp4":
        path.write_bytes(b"")
    if name == "image.png":
        Image.fromarray(picture(0)).save(path)
    if name == "sound.mp4":
        with av.open(str(path), "w") as container:
            track = container.add_stream("aac", rate=8000, layout="mono")
            frame = av.AudioFrame.from_ndarray(
                np.zeros((1, 4000), np.float32), format="fltp", layout="mono"
            )
            frame.rate, frame.pts = 8000, 0
            container.mux(track.encode(frame))
            container.mux(track.encode(None))
    return path


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("text.mp4", r"text\.mp4 cannot be read as a video"),
        ("text.txt", r"text\.txt cannot be read as a video: it holds no moving pictures"),
        ("empty.mp4", r"empty\.mp4 is empty"),
        ("missing.mp4", r"missing\.mp4 is not a file"),
        ("image.png", r"image\.png is an image and no video; give the folder"),
        ("sound.mp4", r"sound\.mp4 cannot be read as a video: it holds no moving pictures"),
    ],
)
def test_what_is_no_video_is_refused_before_a_network_is_loaded(tiny_run, tmp_path, name, told):
    source = no_video(tmp_path, name)
    request = Request(str(tiny_run), str(tmp_path / "out.mp4"), str(source), step=99)
    with pytest.raises(InputError, match=told):
        fulfil(request)
    assert not (tmp_path / "out.mp4").exists()


@pytest.mark.parametrize(
    ("output", "told"),
    [
        ("out", "must end in .mp4, .mov, .mkv"),
        ("out.avi", "must end in .mp4, .mov, .mkv"),
        ("drive.mp4", "input and output are both"),
        ("there.mp4", "exists; give another output, or --overwrite"),
        ("folder.mp4", "is a folder"),
    ],
)
def test_outputs_that_are_refused(negative, drive, tmp_path, output, told):
    (tmp_path / "folder.mp4").mkdir()
    (tmp_path / "there.mp4").write_bytes(b"precious")
    with pytest.raises(InputError, match=told):
        adapt_video(negative, drive, tmp_path / output, progress=False)
    assert (tmp_path / "there.mp4").read_bytes() == b"precious"
    if output == "there.mp4":
        adapt_video(negative, drive, tmp_path / output, overwrite=True, progress=False)
        assert len(read_video(tmp_path / output)[0]) == 7


@pytest.mark.parametrize("asked", [{"strength": "sky=0.5"}, {"repair": True}])
def test_a_video_has_no_labels(tiny_run, drive, tmp_path, asked):
    request = Request(str(tiny_run), str(tmp_path / "out.mp4"), str(drive), **asked)
    with pytest.raises(InputError, match="needs labels"):
        fulfil(request)


def test_a_frame_that_cannot_be_read_ends_it_and_nothing_is_left(negative, tmp_path):
    rng = np.random.default_rng(0)
    noise = [rng.integers(0, 256, (64, 96, 3), np.uint8) for _ in range(30)]
    drive = write_video(tmp_path / "a.mp4", noise)
    data = bytearray(drive.read_bytes())
    middle = len(data) // 2
    data[middle : middle + len(data) // 8] = bytes(len(data) // 8)
    drive.write_bytes(data)
    with pytest.raises(InputError, match=r"a\.mp4 cannot be read beyond frame \d+, of about 30"):
        adapt_video(negative, drive, tmp_path / "out" / "b.mp4", progress=False)
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("stopped", [KeyboardInterrupt, InputError])
def test_what_is_stopped_leaves_nothing_and_the_old_file_alone(negative, drive, tmp_path, stopped):
    seen = []

    def adapt(images):
        seen.append(images)
        if len(seen) == 4:
            raise stopped
        return images

    out = tmp_path / "out" / "b.mp4"
    out.parent.mkdir()
    out.write_bytes(b"old")
    with pytest.raises(stopped):
        adapt_video(Wrapped(negative, adapt), drive, out, overwrite=True, progress=False)
    assert [path.name for path in out.parent.iterdir()] == ["b.mp4"]
    assert out.read_bytes() == b"old"


def test_no_more_than_a_batch_is_held(negative, drive, tmp_path, monkeypatch):
    held, most = 0, 0
    frames, add = VideoReader.frames, VideoWriter.add

    def read(self, on_sound):
        nonlocal held, most
        for frame in frames(self, on_sound):
            held, most = held + 1, max(most, held + 1)
            yield frame

    def write(self, frame):
        nonlocal held
        held -= 1
        add(self, frame)

    monkeypatch.setattr(VideoReader, "frames", read)
    monkeypatch.setattr(VideoWriter, "add", write)
    adapt_video(negative, drive, tmp_path / "b.mp4", batch_size=2, progress=False)
    assert (held, most) == (0, 2)


def test_without_pyav_it_is_said_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(InputError, match=r"install it with: pip install '\.\[video\]'"):
        import_av()


def test_a_request_adapts_a_video_and_tells(tiny_run, drive, tmp_path, capsys):
    request = Request(str(tiny_run), str(tmp_path / "b.mp4"), str(drive))
    assert fulfil(dataclasses.replace(request, batch=2)) == 0
    told = capsys.readouterr().out
    assert "adapted 7 frames in " in told
    assert "flicker: " in told
    with open_video(tmp_path / "b.mp4") as video:
        assert video.frame_count == 7
