"""Exports run here against the models they are of, and looked into for machines that are not."""

import dataclasses
import re
import shutil
import subprocess
import sys
from collections import Counter

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import export

from sggan_jax.export.card import describe_file, open_sizes, read_card, write_card
from sggan_jax.export.load import load_exported
from sggan_jax.export.write import lower
from sggan_jax.nets.sizes import pad_to_fit
from sggan_jax.types import InputError, to_float


def noise(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


@pytest.mark.parametrize("name", ["unet", "resnet", "refiner"])
def test_an_export_does_what_the_model_does(make_export, exported_unet, networks, name):
    folder, card = exported_unet if name == "unet" else make_export(name)
    exported, (module, variables) = load_exported(folder), networks[name]
    apply = jax.jit(module.apply)
    for shape in [(13, 21, 3), (3, 16, 8, 3), (2, 17, 40, 3)]:
        images = noise(*shape)
        padded, window = pad_to_fit(module, images)
        # [-1, 1] to [0, 255]; rounding may fall either way where the arithmetic is a hair off.
        model = np.asarray(apply(variables, to_float(jnp.asarray(padded))), np.float64)
        expected = np.clip((model[window] + 1) * 127.5, 0, 255).reshape(shape)
        adapted = exported(images)
        assert adapted.dtype == np.uint8
        assert np.abs(adapted - expected).max() < 0.51
        assert adapted.std() > 10  # a grey image would agree with anything
    assert card.difference["max"] <= 1  # measured by the export itself
    assert len(card.difference["shapes"]) == 2


@pytest.mark.parametrize("name", ["unet", "resnet", "refiner"])
def test_programs_are_open_in_batch_and_size_and_plain(networks, name):
    module, variables = networks[name]
    sizes = open_sizes(module)
    program = lower(module, variables, sizes, ("cuda", "tpu"))
    times = f"{sizes.multiple}*" if sizes.multiple > 1 else ""
    assert str(program.in_avals[-1]) == f"uint8[b,{times}h,{times}w,3]"
    assert program.out_avals == program.in_avals[-1:]
    found = Counter(re.findall(r"stablehlo\.(\w+)", program.mlir_module()))
    assert found["convolution"] >= 4
    assert found["dot_general"] == 0
    assert "f64" not in program.mlir_module()


def test_nothing_but_numpy_is_seen_and_no_network_library_is_loaded(exported_unet):
    code = (
        "import sys, numpy as np\n"
        "from sggan_jax.export.load import load_exported\n"
        f"adapt = load_exported({str(exported_unet[0])!r})\n"
        "y = adapt(np.zeros((5, 6, 3), np.uint8))\n"
        "assert type(y) is np.ndarray and y.shape == (5, 6, 3), type(y)\n"
        "heavy = {'flax', 'orbax', 'optax', 'grain', 'tensorflow_datasets'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


def test_other_arrays_are_refused(exported_unet):
    exported = load_exported(exported_unet[0])
    with pytest.raises(InputError, match=r"uint8 \[H, W, 3\].*got float32 \[4, 4, 3\]"):
        exported(np.zeros((4, 4, 3), np.float32))


def test_exports_for_other_platforms_are_not_run(make_export):
    folder, card = make_export("unet", platforms=("tpu",))
    assert card.difference == {}
    with pytest.raises(InputError, match="exported for tpu, and this machine runs cpu"):
        load_exported(folder)


def test_a_program_that_is_none_is_refused(exported_unet, tmp_path):
    folder, card = shutil.copytree(exported_unet[0], tmp_path / "copy"), exported_unet[1]
    path = folder / card.program.name
    path.write_bytes(b"not a program")
    write_card(folder, dataclasses.replace(card, program=describe_file(path)))
    with pytest.raises(InputError, match=r"generator.jax_export cannot be read"):
        load_exported(folder)


def test_exports_are_not_written_over_unasked(make_export, tmp_path):
    folder = tmp_path / "export"
    make_export("unet", folder, platforms=("tpu",))
    with pytest.raises(InputError, match=r"holds an export; .*--overwrite"):
        make_export("resnet", folder, platforms=("tpu",))
    make_export("resnet", folder, platforms=("tpu",), overwrite=True)
    assert read_card(folder).network["kind"] == "ResNet"
    (folder / "thesis.tex").write_text("")
    with pytest.raises(InputError, match=r"other things, such as thesis\.tex"):
        make_export("unet", folder, overwrite=True)
    with pytest.raises(InputError, match="is a file; give a folder"):
        make_export("unet", folder / "thesis.tex")


@pytest.mark.parametrize(("platforms", "told"), [(("abacus",), "got abacus"), ((), "got none")])
def test_unknown_platforms_are_refused(make_export, platforms, told):
    with pytest.raises(InputError, match=f"some of cpu, cuda, tpu, rocm, {told}"):
        make_export("unet", platforms=platforms)


def test_the_serialised_program_keeps_its_platforms(exported_unet):
    folder, card = exported_unet
    program = export.deserialize(bytearray((folder / card.program.name).read_bytes()))
    assert program.platforms == ("cpu", "cuda", "tpu")


# Converters and runtimes of ONNX are not ours to keep free of warnings.
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["unet", "resnet", "refiner"])
def test_onnx_does_what_the_model_does(make_export, networks, name):
    pytest.importorskip("jax2onnx")
    runtime = pytest.importorskip("onnxruntime")
    folder, card = make_export(name, platforms=("tpu",), onnx=True)
    assert card.onnx["difference"]["max"] <= 1
    session = runtime.InferenceSession(str(folder / card.onnx["name"]))
    module, variables = networks[name]
    images = noise(2, 24, 16, 3)
    (adapted,) = session.run(None, {"images": images})
    model = np.asarray(jax.jit(module.apply)(variables, to_float(jnp.asarray(images))))
    assert adapted.dtype == np.uint8
    assert np.abs(adapted - np.clip((model + 1) * 127.5, 0, 255)).max() < 0.51
    assert adapted.std() > 10


def test_onnx_without_its_packages_is_refused_before_anything_is_written(
    make_export, tmp_path, monkeypatch
):
    monkeypatch.setitem(sys.modules, "jax2onnx", None)
    with pytest.raises(InputError, match="ONNX needs the packages jax2onnx and onnxruntime"):
        make_export("unet", tmp_path / "out", onnx=True)
    assert not (tmp_path / "out").exists()
