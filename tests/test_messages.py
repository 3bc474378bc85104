"""What is told to a person."""

import subprocess
import sys

CODE = """
import sys
from sggan_jax.messages import outlive_readers
outlive_readers()
for _ in range(1000):
    print("word " * 100, flush=True)
print("done", file=sys.stderr)
"""


def test_a_program_outlives_who_reads_what_it_prints():
    program = subprocess.Popen(
        [sys.executable, "-c", CODE], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert program.stdout.readline().startswith("word")
    program.stdout.close()  # as head does
    with program.stderr as heard:
        assert heard.read() == "done\n"
    assert program.wait() == 0
