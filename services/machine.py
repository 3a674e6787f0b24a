"""What the machine must bring before anything can be set up: Python, its venv module, Java and some disk.

Run by the Makefile with the system's own Python, so it imports nothing but the standard library and its
syntax stays old enough to be refused politely by an old Python.
"""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

PYTHON_NEEDED = (3, 11)
JAVA_NEEDED = 17
DISK_NEEDED = 500 * 1024 * 1024

INSTALL_JAVA = (
    "install the package openjdk-17-jre-headless (Debian, Ubuntu), java-21-openjdk-headless (Fedora) or "
    f"openjdk@21 (Homebrew), or point JAVA_HOME at a Java {JAVA_NEEDED} or newer"
)
INSTALL_PYTHON = (
    "install the package python3.11 or newer (Debian and Ubuntu: with python3.11-venv; Fedora: python3.11; "
    "Homebrew: python@3.12) and run again with PYTHON=python3.11"
)


class MachineError(Exception):
    """The machine lacks something; the message says what to install or free."""


def check_python(version: "tuple[int, ...]" = tuple(sys.version_info[:3])) -> None:
    if tuple(version[:2]) < PYTHON_NEEDED:
        needed, found = ".".join(map(str, PYTHON_NEEDED)), ".".join(map(str, version))
        raise MachineError(f"Python {needed} or newer is needed, this is {found}: {INSTALL_PYTHON}.")
    for module in ("venv", "ensurepip"):
        if importlib.util.find_spec(module) is None:
            raise MachineError(
                f"Python's module {module} is missing: install the package "
                f"python{version[0]}.{version[1]}-venv (Debian, Ubuntu) and run again."
            )


def find_java() -> str:
    """The `java` of JAVA_HOME, else of the PATH; raises when there is none or it is too old."""
    home = os.environ.get("JAVA_HOME", "")
    java = str(Path(home) / "bin" / "java") if home else shutil.which("java")
    if not java or not Path(java).exists():
        where = f"JAVA_HOME={home} holds none" if home else "there is none on the PATH"
        raise MachineError(f"Java {JAVA_NEEDED} or newer is needed, {where}: {INSTALL_JAVA}.")
    said = subprocess.run([java, "-version"], stderr=subprocess.STDOUT, stdout=subprocess.PIPE, check=False)
    version = java_version(said.stdout.decode(errors="replace"))
    if version < JAVA_NEEDED:
        raise MachineError(
            f"Java {JAVA_NEEDED} or newer is needed, {java} is {version or 'of no known version'}: "
            f"{INSTALL_JAVA}."
        )
    return java


def java_version(said: str) -> int:
    """The feature version in the output of `java -version` (`1.8.0_402` is 8); 0 when it says none."""
    found = re.search(r'version "(\d+)(?:\.(\d+))?', said)
    if not found:
        return 0
    first, second = int(found.group(1)), int(found.group(2) or 0)
    return second if first == 1 else first


def check_disk(folder: Path, needed: int = DISK_NEEDED) -> None:
    """Raises when the disk that `folder` is on, or will be on, has less than `needed` bytes left."""
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(str(folder)).free
    if free < needed:
        raise MachineError(
            f"The disk is nearly full: {free // 2**20} MB are free at {folder} and {needed // 2**20} MB are "
            f"needed. Free some space, or set TRIBUTARY_HOME to a folder on another disk."
        )


def main() -> int:
    try:
        check_python()
        find_java()
        check_disk(Path(os.environ.get("TRIBUTARY_HOME") or ".local").resolve())
    except MachineError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
