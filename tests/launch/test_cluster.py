"""Files for clusters: sound in their language, and true to the program they start."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from sggan_jax.train.signals import STOPPED

ROOT = Path(__file__).parents[2] / "launch"
CLUSTER = ROOT / "cluster"


@pytest.mark.parametrize("path", sorted(CLUSTER.iterdir()), ids=lambda path: path.name)
def test_flags_and_the_exit_code_are_those_of_the_program(path):
    text = path.read_text("utf-8")
    (command,) = re.findall(r"(?:launch\.train)((?:\s+-?\s*\S+)+?)\n\s*(?:code|ports)", text)
    flags = set(re.findall(r"--(\w+)=", command))
    sources = "".join((ROOT / name).read_text("utf-8") for name in ("train.py", "presets.py"))
    known = set(re.findall(r'DEFINE_\w+\(\s*"(\w+)"', sources))
    assert "coordinator" in flags
    assert flags <= known
    assert re.search(rf"\b{STOPPED}\b", text)


@pytest.mark.parametrize("path", sorted(CLUSTER.glob("*.sh")), ids=lambda path: path.name)
def test_scripts_are_sound(path):
    if not shutil.which("bash"):
        pytest.skip("no bash here")
    assert subprocess.run(["bash", "-n", str(path)], check=False).returncode == 0


def test_pods_are_described_soundly():
    yaml = pytest.importorskip("yaml")
    service, job = yaml.safe_load_all((CLUSTER / "kubernetes.yaml").read_text("utf-8"))
    spec = job["spec"]
    assert spec["completions"] == spec["parallelism"]
    command = spec["template"]["spec"]["containers"][0]["command"]
    assert f"--processes={spec['completions']}" in command
    name, subdomain = job["metadata"]["name"], spec["template"]["spec"]["subdomain"]
    assert any(f"--coordinator={name}-0.{subdomain}:" in word for word in command)
    assert subdomain == service["metadata"]["name"]
    actions = {
        tuple(x["onExitCodes"]["values"]): x["action"]
        for x in spec["podFailurePolicy"]["rules"]
        if "onExitCodes" in x
    }
    assert actions == {(2,): "FailJob", (STOPPED, 134): "Ignore"}
