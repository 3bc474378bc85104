"""What is told beside results."""

import os
import platform

from sggan_jax.reproduce.results import describe_machine


def test_the_processor_is_named_where_the_machine_tells_it(tmp_path):
    cpuinfo = tmp_path / "cpuinfo"
    plain = describe_machine(cpuinfo)
    assert plain == f"{os.cpu_count()} cores, {platform.machine()}"
    cpuinfo.write_text("model\t\t: 1\nmodel name\t: Some Processor @ 2.00GHz\nflags\t\t: fpu\n")
    assert describe_machine(cpuinfo) == plain.replace(",", " of Some Processor @ 2.00GHz,")
