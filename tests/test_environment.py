"""Where a run takes place."""

import platform
from pathlib import Path

import numpy as np

from refcheck import environment


def test_versions_blas_and_processor_are_named() -> None:
    found = environment.environment()

    assert found["python"] == platform.python_version()
    assert found["numpy"] == np.__version__
    assert {"refcheck", "blas", "processor", "platform"} <= found.keys()
    assert all(found.values())


def test_what_is_not_installed_is_left_out() -> None:
    assert environment.installed_version("no-such-distribution") == ""


def test_a_processor_is_read_from_the_system(tmp_path: Path) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text("processor : 0\nmodel name : Some Chip\n")

    assert environment._processor(cpuinfo, Path("/bin/false")) == "Some Chip"


def test_a_system_that_does_not_say_names_its_architecture(tmp_path: Path) -> None:
    missing = tmp_path / "missing"

    assert environment._processor(missing, missing) == (
        platform.processor() or platform.machine()
    )


def test_macos_is_asked_through_its_own_program(tmp_path: Path) -> None:
    found = environment._processor(tmp_path / "missing", Path("/bin/echo"))

    assert found == "machdep.cpu.brand_string"
