"""The parts of ``benchmarks/first_light.py``: each looks at the device and returns a table."""

import json
import os
import platform
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.first_light import GRAPHS
from benchmarks.programs import settings
from benchmarks.step import Case, make_batch
from sggan_jax.config import Config
from sggan_jax.data.labels import group_table
from sggan_jax.hardware import describe_devices, unused_accelerator
from sggan_jax.losses.gradient import soft_gradient_loss
from sggan_jax.methods import make_method
from sggan_jax.methods.base import Method
from sggan_jax.methods.common import make_generator
from sggan_jax.train.optim import make_optimiser
from sggan_jax.train.parallel import make_trainer
from sggan_jax.train.state import Recipe, init_state
from sggan_jax.train.step import make_step
from sggan_jax.types import to_float, to_uint8

TINY = {"width": 4, "levels": 4, "dis_width": 4}
BOUNDS = {"float32, highest": 1e-3, "float32": 5e-2, "bfloat16": 3e-1}
"""How far gradients of a step may be from those of the CPU. TF32 keeps 11 bits, bfloat16 8."""

KINDS = {"H100": "h100", "A100": "a100", "TPU v5 lite": "v5e"}
"""Part of a device's name to its rows in ``docs/results/accelerators.json``."""

Table = dict[str, Any]


def machine(small: bool, output: Path) -> Table:
    """Say what this runs on."""
    del small, output
    found = jax.devices()
    told = {
        "devices": describe_devices(found),
        "JAX": jax.__version__,
        "Python": platform.python_version(),
        "host": f"{os.cpu_count()} cores, {platform.platform()}",
    }
    unused = unused_accelerator(found[0].platform)
    return told | ({"warning": unused} if unused else {})


def equality(small: bool, output: Path) -> Table:
    """Compute losses, a generator's images and a step's gradients on device and CPU."""
    del output
    case = Case("unet", 4, 32, 4) if small else Case("unet", 16, 64, 5)
    nets = {"width": case.width, "levels": case.levels, "dis_width": 4 if small else 16}
    batch, cpu, device = make_batch(case), jax.devices("cpu")[0], jax.devices()[0]
    rows = [_compare_loss(batch, cpu, device)]
    reference = _one_step(settings("toycity", case.size, dropout=0.0, **nets), batch, cpu)
    for name, changes in {
        "float32, highest": {"precision": "highest"},
        "float32": {},
        "bfloat16": {"dtype": "bfloat16"},
    }.items():
        config = settings("toycity", case.size, dropout=0.0, **nets | changes)
        there = _one_step(config, batch, device)
        for what, wanted in reference.items():
            rows.append(_row(what, name, there[what], wanted, BOUNDS[name]))
    return {"rows": rows}


def _compare_loss(batch, cpu, device) -> dict[str, Any]:
    def loss(y, x, labels):
        return soft_gradient_loss(x, y, labels, 0.9, 0.1)

    x, y = (np.asarray(to_float(jnp.asarray(batch[name]))) for name in ("v", "r"))
    given = (y, x, batch["lab_v"])
    there, reference = (
        jax.device_get(jax.jit(jax.grad(loss))(*jax.device_put(given, where)))
        for where in (device, cpu)
    )
    return _row("gradient of the gradient loss", "float32", there, reference, 1e-5)


def _row(what: str, how: str, there: Any, reference: Any, bound: float) -> dict[str, Any]:
    pairs = zip(jax.tree.leaves(there), jax.tree.leaves(reference), strict=True)
    differences = [(np.sum(np.square(a - b)), np.sum(np.square(b))) for a, b in pairs]
    gap = float(np.sqrt(sum(x for x, _ in differences) / sum(x for _, x in differences)))
    return {"what": what, "how": how, "distance": gap, "bound": bound, "within": gap <= bound}


def _one_step(config: Config, batch: Any, device: Any) -> dict[str, Any]:
    """Return terms and gradients of a step: its change of the weights under plain descent."""
    method, recipe = _training(config, kind="sgd", learning_rate=1.0, b1=0.0)
    state = init_state(method, recipe, 0, batch)
    before = jax.device_get(state.params)
    state, batch = jax.device_put((state, batch), device)
    state, terms = jax.device_get(jax.jit(make_step(method, recipe))(state, batch))
    change = jax.tree.map(np.subtract, before, state.params)
    named = {name: {net: change[net] for net in group.nets} for name, group in _groups(method)}
    return {"terms": terms} | {f"gradient of {name}": tree for name, tree in named.items()}


def _groups(method: Method):
    return method.optimiser_groups.items()


def _training(config: Config, pool: int = 0, **optim: Any) -> tuple[Method, Recipe]:
    method = make_method(config, group_table(config.data.class_groups), steps_per_epoch=1000)
    changed = Config.from_dict(config.to_dict() | {"optim": config.optim.to_dict() | optim})
    optimisers = {
        name: make_optimiser(changed.optim, 1000, group) for name, group in _groups(method)
    }
    return method, Recipe(optimisers, pool_size=pool)


def step(small: bool, output: Path, kinds: Sequence[tuple[str, str, int]] = ()) -> Table:
    """Time the paper's training step, beside what the compiler's figures promise."""
    del output
    rows = []
    for name, dtype, number in kinds or (STEPS[:2] if small else STEPS):
        size = (32, 64) if small else None
        config = settings("paper", size, dtype=dtype, **TINY if small else {})
        row = {"numbers": dtype, "batch": number} | _time_step(config, number, small)
        rows.append(row | {"roofline ms": None if small else _roofline(name)})
        print(json.dumps({"rows": rows}), flush=True)  # kept if time ends before the next row
    return {"rows": rows}


def graphs(small: bool, output: Path) -> Table:
    """Time the step at batch 1 with convolutions captured, where launches are the brake."""
    if GRAPHS not in os.environ.get("XLA_FLAGS", ""):
        return {"skipped": "Needs JAX 0.11 or later."}
    return step(small, output, STEPS[:2])


STEPS = (
    ("step_f32", "float32", 1),
    ("step_bf16", "bfloat16", 1),
    ("step_f32_batch4", "float32", 4),
    ("step_bf16_batch4", "bfloat16", 4),
)


def _time_step(config: Config, number: int, small: bool) -> dict[str, Any]:
    method, recipe = _training(config, pool=config.train.pool_size)
    one = make_batch(Case("unet", 0, config.data.height))
    batch = jax.device_put({name: np.repeat(x, number, 0)[None] for name, x in one.items()})
    shapes = jax.eval_shape(lambda: {name: x[0] for name, x in batch.items()})
    state = jax.device_put(init_state(method, recipe, 0, shapes))
    run = make_trainer(method, recipe, (jax.devices()[0],)).run
    start = time.perf_counter()
    state, terms = jax.block_until_ready(run(state, batch))
    first, times = time.perf_counter() - start, []
    for _ in range(2 if small else 10):
        start = time.perf_counter()
        for _ in range(2 if small else 10):
            state, terms = run(state, batch)
        jax.block_until_ready(terms)
        times.append((time.perf_counter() - start) / (2 if small else 10))
        if sum(times) > 2:  # each stands for ten
            break
    milliseconds = 1e3 * statistics.median(times)
    memory = (jax.devices()[0].memory_stats() or {}).get("peak_bytes_in_use")
    return {
        "first call s": first,
        "ms": milliseconds,
        "images/s": 1e3 * number / milliseconds,
        "peak GB of the process": memory and memory / 1e9,
    }


def _roofline(program: str) -> float | None:
    """Look up what the compiler's figures for such a device allow, in milliseconds."""
    kind = jax.devices()[0].device_kind
    machine = next((name for part, name in KINDS.items() if part in kind), None)
    path = Path("docs/results/accelerators.json")
    told = json.loads(path.read_text()) if path.is_file() else []
    return next(
        (x["roofline_ms"] for x in told if (x["program"], x["machine"]) == (program, machine)), None
    )


def torch(small: bool, output: Path) -> Table:
    """Time the same step in eager PyTorch, TF32 allowed there as it is here."""
    del output
    try:
        import torch

        from benchmarks.torch_twin import Twin
    except ImportError:
        return {"skipped": "PyTorch is not installed."}
    where = "cuda" if torch.cuda.is_available() else "cpu"
    torch.backends.cuda.matmul.allow_tf32 = True
    size = (32, 64) if small else None
    # Its discriminators have the paper's width.
    config = settings("paper", size, dropout=0.0, **TINY | {"dis_width": 64} if small else {})
    method, recipe = _training(config)
    batch = make_batch(Case("unet", 0, config.data.height))
    with jax.default_device(jax.devices("cpu")[0]):
        params = jax.device_get(init_state(method, recipe, 0, batch).params)
        tensors = jax.device_get(method.preprocess(batch, None))

    def put(x, channels=True):
        x = np.moveaxis(x, 3, 1) if channels else x[:, None]
        return torch.from_numpy(np.ascontiguousarray(x, np.float32)).to(where)

    twin = Twin("unet", config.nets.width, config.nets.levels, 0, tensors["mask_v"].shape[3])
    for net in twin.nets.values():
        net.to(where)
    twin.load(params)
    given = (put(tensors["v"]), put(tensors["r"]))
    labels = [put(tensors[name], channels=False) for name in ("lab_v", "lab_r")]
    masks = [put(tensors[name]) for name in ("mask_v", "mask_r")]
    times = []
    for _ in range(4 if small else 30):
        start = time.perf_counter()
        twin.step(*given, labels, masks)
        times.append(time.perf_counter() - start)
    milliseconds = 1e3 * statistics.median(times[1:])
    row = {"numbers": "float32", "batch": 1, "ms": milliseconds, "images/s": 1e3 / milliseconds}
    return {"rows": [row | {"PyTorch": torch.__version__, "on": where}]}


def adapt(small: bool, output: Path) -> Table:
    """Time the paper's generator on images of Cityscapes' size (1.3 s each in the paper)."""
    del output
    size, rows = (64, 128) if small else (1024, 2048), []
    for dtype in ("float32", "bfloat16"):
        net = make_generator(settings("paper", dtype=dtype, **TINY if small else {}).nets)
        image = np.random.default_rng(0).integers(0, 256, (1, *size, 3), np.uint8)
        variables = net.init(jax.random.key(0), jnp.zeros((1, *size, 3)))
        run = jax.jit(lambda variables, x, net=net: to_uint8(net.apply(variables, to_float(x))))
        start = time.perf_counter()
        np.asarray(run(variables, image))
        first, times = time.perf_counter() - start, []
        for _ in range(3 if small else 20):
            start = time.perf_counter()
            np.asarray(run(variables, image))
            times.append(time.perf_counter() - start)
        row = {"numbers": dtype, "size": f"{size[0]}x{size[1]}", "first call s": first}
        rows.append(row | {"ms": 1e3 * statistics.median(times)})
        print(json.dumps({"rows": rows}), flush=True)
    return {"rows": rows}


def toycity(small: bool, output: Path) -> Table:
    """Train the preset, data included, by the program itself."""
    return _train(output / "toycity", 8 if small else 300, small, [])


def processes(small: bool, output: Path) -> Table:
    """Train by two processes with a GPU each."""
    if jax.devices()[0].platform != "gpu" or len(jax.devices()) < 2:
        return {"skipped": "Needs two GPUs."}
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    together = [f"--coordinator=127.0.0.1:{port}", "--processes=2", "--config.train.batch_size=2"]
    return _train(output / "processes", 8 if small else 100, small, together, number=2)


def _train(
    workdir: Path, steps: int, small: bool, more: list[str], number: int = 1
) -> dict[str, Any]:
    """Run the training program, ``number`` times beside each other, and read what it logged."""
    shutil.rmtree(workdir, ignore_errors=True)  # an earlier one would be continued
    start = time.perf_counter()
    settings_of_run = {
        "data.data_dir": workdir.parent / "data",
        "train.steps": steps,
        "train.log_every": max(steps // 4, 1),
        "train.sample_every": steps,
        "train.checkpoint_every": steps,
    }
    if small:
        settings_of_run |= {"data.toycity_train": 6, "data.height": 32, "data.width": 64}
        settings_of_run |= {f"nets.{name}": value for name, value in TINY.items()}
    command = [sys.executable, "-m", "launch.train", "--config=configs/sggan.py:toycity"]
    command += [f"--workdir={workdir}", *more]
    command += [f"--config.{name}={value}" for name, value in settings_of_run.items()]
    started = [
        subprocess.Popen(
            command + ([f"--process={index}"] if number > 1 else []),
            env=os.environ | ({"CUDA_VISIBLE_DEVICES": str(index)} if number > 1 else {}),
            stdout=sys.stderr,
        )
        for index in range(number)
    ]
    codes = [process.wait() for process in started]
    if any(codes):
        raise RuntimeError(f"training ended with exit codes {codes}")
    logged = [json.loads(x) for x in (workdir / "metrics.jsonl").read_text().splitlines()]
    first, last = logged[0], logged[-1]
    row = {"steps": last["step"], "seconds, all included": time.perf_counter() - start}
    row |= {"steps/s at the end": last["steps_per_second"]}
    return {"rows": [row | {f"cyc_v at {x['step']}": x["cyc_v"] for x in (first, last)}]}


PARTS: dict[str, Callable[[bool, Path], Table]] = {
    part.__name__: part
    for part in (machine, equality, step, graphs, torch, adapt, toycity, processes)
}
