import numpy as np
import pytest
from PIL import Image

from sggan_jax.folders import list_images
from sggan_jax.images import decode_png, encode_png, read_image, read_noted, write_image
from sggan_jax.types import InputError


def noise(*shape):
    return np.random.default_rng(0).integers(0, 256, shape, np.uint8)


def smooth():
    """A picture that JPEG keeps well: 16x16, three ramps."""
    x, y = np.meshgrid(np.arange(16) * 10, np.arange(16) * 10)
    return np.stack([x, y, 160 - y], axis=-1).astype(np.uint8)


def test_lists_images_of_all_levels_in_order(tmp_path):
    for name in ("b.png", "a.JPG", "sub/deep/c.jpeg", ".hidden.png", ".cache/d.png", "notes.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "folder.png").mkdir()
    assert [str(name) for name in list_images(tmp_path)] == ["a.JPG", "b.png", "sub/deep/c.jpeg"]


def test_missing_and_empty_folders_are_refused(tmp_path):
    with pytest.raises(InputError, match="is not a directory"):
        list_images(tmp_path / "nowhere")
    (tmp_path / "notes.txt").touch()
    with pytest.raises(InputError, match=r"holds no image; these are read: \.png"):
        list_images(tmp_path)


@pytest.mark.parametrize("suffix", [".png", ".PNG", ".webp", ".bmp", ".tif"])
def test_formats_without_loss_keep_every_pixel(tmp_path, suffix):
    image = noise(5, 7, 3)
    write_image(tmp_path / "sub" / f"a{suffix}", image)
    np.testing.assert_array_equal(read_image(tmp_path / "sub" / f"a{suffix}"), image)
    assert [path.name for path in (tmp_path / "sub").iterdir()] == [f"a{suffix}"]


@pytest.mark.parametrize("suffix", [".jpg", ".JPEG"])
def test_jpeg_keeps_colour_at_full_resolution(tmp_path, suffix):
    image = np.zeros((16, 16, 3), np.uint8)
    image[:, ::2] = [200, 30, 30]  # red columns of one pixel: subsampled chroma would smear them
    image[:, 1::2] = [30, 30, 200]
    path = tmp_path / f"a{suffix}"
    write_image(path, image)
    with Image.open(path) as file:
        assert file.format == "JPEG"
        assert [component[1:3] for component in file.layer] == [(1, 1)] * 3
    assert np.abs(read_image(path).astype(int) - image).mean() < 6


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        (
            "L",
            lambda rgb: np.repeat(np.asarray(Image.fromarray(rgb).convert("L"))[..., None], 3, 2),
        ),
        ("RGBA", lambda rgb: rgb),
        ("P", lambda rgb: rgb),
    ],
)
def test_other_modes_become_rgb(tmp_path, mode, expected):
    rgb = noise(2, 3, 3)
    image = Image.fromarray(rgb)
    if mode == "RGBA":
        image.putalpha(0)  # even where it is transparent, the colour counts
    elif mode == "P":
        image = image.quantize(6)  # six pixels have at most six colours
    else:
        image = image.convert(mode)
    image.save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), expected(rgb))


def test_sixteen_bits_become_eight(tmp_path):
    # 65535 / 257 = 255 exactly; 32896 = 128 * 257; 385 / 257 = 1.498, rounded to 1.
    grey = np.array([[0, 65535], [32896, 385]], np.uint16)
    Image.fromarray(grey).save(tmp_path / "a.png")
    assert read_image(tmp_path / "a.png").tolist() == [[[0] * 3, [255] * 3], [[128] * 3, [1] * 3]]


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_sixteen_bits_of_every_kind_become_eight(tmp_path, channels, write_png):
    array = np.random.default_rng(channels).integers(0, 65536, (5, 7, channels)).astype(np.uint16)
    write_png(tmp_path / "a.png", array, 16)
    expected = np.round(array / 257).astype(np.uint8)
    expected = expected[..., :3] if channels > 2 else np.repeat(expected[..., :1], 3, axis=-1)
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), expected)


@pytest.mark.parametrize("suffix", [".png", ".webp", ".tif"])
@pytest.mark.parametrize("note", range(1, 9))
def test_every_orientation_of_every_format_is_applied(tmp_path, suffix, note):
    upright = noise(4, 6, 3)
    turned = Image.fromarray(upright)
    # What the standard says: how the stored image must be changed to be upright; here the reverse.
    reverse = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    if note in reverse:
        turned = turned.transpose(reverse[note])
    exif = Image.Exif()
    exif[0x0112] = note
    path = tmp_path / f"a{suffix}"
    turned.save(path, exif=exif, **({"lossless": True} if suffix == ".webp" else {}))
    np.testing.assert_array_equal(read_image(path), upright)
    assert read_noted(path)[1] == note
    write_image(path, read_image(path))
    assert read_noted(path)[1] == 1


def test_storing_loses_nothing():
    for array in (noise(5, 7), noise(5, 7, 3)):
        np.testing.assert_array_equal(decode_png(encode_png(array)), array)


def test_orientation_of_cameras_is_applied(tmp_path):
    upright = smooth()[:8]
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: rotate clockwise by 90 degrees to see it upright
    lying = np.rot90(upright)  # counter-clockwise
    Image.fromarray(np.ascontiguousarray(lying)).save(tmp_path / "a.jpg", exif=exif, quality=95)
    image = read_image(tmp_path / "a.jpg")
    assert image.shape == (8, 16, 3)
    assert np.abs(image.astype(int) - upright).mean() < 6


def test_unreadable_files_are_refused_by_name(tmp_path):
    Image.fromarray(noise(32, 32, 3)).save(tmp_path / "whole.png")
    data = (tmp_path / "whole.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(data[: len(data) // 2])
    (tmp_path / "text.jpg").write_text("not an image")
    Image.fromarray(np.zeros((4, 4), np.float32)).save(tmp_path / "depth.tif")
    for name in ("cut.png", "text.jpg", "nowhere.png"):
        with pytest.raises(InputError, match=f"{name} cannot be read: "):
            read_image(tmp_path / name)
    with pytest.raises(InputError, match=r"depth.tif is stored as 'F': images need 8 or 16 bits"):
        read_image(tmp_path / "depth.tif")


def test_failed_write_leaves_nothing(tmp_path):
    (tmp_path / "a.png").mkdir()  # cannot be replaced by a file
    with pytest.raises(InputError, match=r"a.png cannot be written: "):
        write_image(tmp_path / "a.png", noise(2, 2, 3))
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]
