"""The notebook runs from top to bottom in an empty folder, and is kept without outputs."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NOTEBOOK = ROOT / "docs" / "quickstart.ipynb"
# In a process of its own: what Jupyter warns of is no fault of this project.
EXECUTE = """
import sys
import nbclient, nbformat
notebook = nbformat.read(sys.argv[1], as_version=4)
nbclient.NotebookClient(notebook, timeout=None, kernel_name="python3").execute()
nbformat.write(notebook, sys.argv[2])
"""


def test_it_is_kept_without_outputs():
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    programs = [cell for cell in cells if cell["cell_type"] == "code"]
    assert len(programs) > 5
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in programs)


@pytest.mark.slow
def test_it_runs_from_top_to_bottom(tmp_path):
    pytest.importorskip("nbclient")
    environment = os.environ | {"STEPS": "2", "JAX_PLATFORMS": "cpu"}
    command = [sys.executable, "-c", EXECUTE, str(NOTEBOOK), "executed.ipynb"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    cells = json.loads((tmp_path / "executed.ipynb").read_text(encoding="utf-8"))["cells"]
    outputs = {cell["id"]: cell["outputs"] for cell in cells if cell["cell_type"] == "code"}
    assert "usage: sggan" in read_text(outputs["programs"])
    assert "image/png" in outputs["look"][0]["data"]
    assert [output["output_type"] for output in outputs["compare"]] == ["display_data"] * 2
    assert read_text(outputs["api"]) == "(128, 256, 3) uint8 -> (128, 256, 3) uint8\n"
    assert (tmp_path / "adapted" / "scene.png").is_file()


def read_text(outputs):
    """What a cell printed: a string, or its lines."""
    return "".join(outputs[0]["text"])
