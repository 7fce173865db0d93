"""Where a run takes place: versions of frameworks, the BLAS, the processor."""

import contextlib
import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

DISTRIBUTION = "refcheck-rnn"
LIBRARIES = {  # name in the report to distribution; absent ones are left out
    "refcheck": DISTRIBUTION,
    "numpy": "numpy",
    "scipy": "scipy",
    "hypothesis": "hypothesis",
    "python-flint": "python-flint",
    "torch": "torch",
    "jax": "jax",
    "flax": "flax",
    "tensorflow": "tensorflow",
    "keras": "keras",
    "onnxruntime": "onnxruntime",
}
CPUINFO = Path("/proc/cpuinfo")
SYSCTL = Path("/usr/sbin/sysctl")


def environment() -> dict[str, str]:
    """Return what a result may depend on, without importing a framework."""
    installed = {name: installed_version(dist) for name, dist in LIBRARIES.items()}
    return {
        "python": platform.python_version(),
        **{name: found for name, found in installed.items() if found},
        "blas": _blas(),
        "processor": f"{_processor(CPUINFO, SYSCTL)}, {os.cpu_count()} cores",
        "platform": platform.platform(),
    }


def installed_version(distribution: str) -> str:
    """Return the version of ``distribution``, empty if it is not installed."""
    try:
        return version(distribution)
    except PackageNotFoundError:
        return ""


def _blas() -> str:
    """Return the BLAS that NumPy was built with, as it names it."""
    import numpy as np  # noqa: PLC0415 - the supervisor imports this module, not NumPy

    config = np.show_config(mode="dicts")
    found = config["Build Dependencies"]["blas"]
    return f"{found['name']} {found['version']}"


def _processor(cpuinfo: Path, sysctl: Path) -> str:
    with contextlib.suppress(OSError, StopIteration):  # Linux, but not on ARM
        lines = cpuinfo.read_text(encoding="utf-8").splitlines()
        line = next(line for line in lines if line.startswith("model name"))
        return line.partition(":")[2].strip()
    with contextlib.suppress(OSError, subprocess.CalledProcessError):
        found = subprocess.run(
            [sysctl, "-n", "machdep.cpu.brand_string"],
            capture_output=True,
            check=True,
            text=True,
        )
        return found.stdout.strip()
    return platform.processor() or platform.machine()
