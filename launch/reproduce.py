r"""Train every system of the paper on one pair of data sets and write the table of their scores.

The built-in toy city, then your own data (configs/benchmark.py lists them):

    python -m launch.reproduce --config configs/benchmark.py:toycity --workdir runs/benchmark
    python -m launch.reproduce --config configs/benchmark.py:camvid --workdir runs/camvid \
        --config.data.virtual_dir=RENDERINGS --config.data.real_dir=CAMVID

The same command continues where it stopped; what is finished is not run again.
"""

from absl import flags

from launch import command, run
from launch.presets import define_config
from sggan_jax.devices import keep_compiled
from sggan_jax.reproduce.budget import with_budget
from sggan_jax.reproduce.curve import draw_budget, format_budget
from sggan_jax.reproduce.experiment import read_experiments
from sggan_jax.reproduce.jobs import Benchmark
from sggan_jax.reproduce.picture import draw_benchmark
from sggan_jax.reproduce.results import write_results
from sggan_jax.reproduce.run_benchmark import run_benchmark
from sggan_jax.reproduce.table import format_classes, format_images, format_results

_CONFIG = define_config(
    "configs/benchmark.py",
    "Configuration, FILE.py or FILE.py:NAME. Any key can be set as --config.KEY=VALUE.",
)
_WORKDIR = flags.DEFINE_string("workdir", None, "Directory of all runs and results.", required=True)
_ONLY = flags.DEFINE_list(
    "only",
    [],
    "Experiments to run, separated by commas, beside those they need; all when not given.",
)


def main(_: list[str]) -> int:
    """Run, then write results.json, results.md and pictures; 1 if an experiment failed."""
    config = _CONFIG.value.to_dict()
    benchmark = Benchmark(config, with_budget(config, read_experiments(config)), _WORKDIR.value)
    keep_compiled(benchmark.paths.root / "compiled")
    failed = run_benchmark(benchmark, tuple(_ONLY.value))
    results = write_results(benchmark, failed, command("reproduce"))
    text = "".join(
        f"### {split}\n\n{format_results(results, split)}\n{format_classes(results, split)}\n"
        for split in config["splits"]
    )
    text += f"### Images\n\n{format_images(results)}\n"
    for split in config["splits"] if "budget" in results else ():
        text += f"### Label budget, {split}\n\n{format_budget(results, split)}\n"
        draw_budget(results, split, benchmark.paths.root / f"budget_{split}.png")
    path = benchmark.paths.root / "results.md"
    path.write_text(text, encoding="utf-8")
    print(f"\n{text}\ntable: {path}\npicture: {draw_benchmark(benchmark)}")
    return 1 if failed else 0


if __name__ == "__main__":
    run(main)
