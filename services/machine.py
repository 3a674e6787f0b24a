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
    "openjdk@21 (Homebrew), or point JAVA_HOME at a Java %d or newer" % JAVA_NEEDED
)
INSTALL_PYTHON = (
    "install the package python3.11 or newer (Debian and Ubuntu: with python3.11-venv; Fedora: python3.11; "
    "Homebrew: python@3.12) and run again with PYTHON=python3.11"
)


class MachineError(Exception):
    """The machine lacks something; the message says what to install or free."""


def check_python(version: "tuple[int, ...]" = tuple(sys.version_info[:3])) -> None:
    if tuple(version[:2]) < PYTHON_NEEDED:
        raise MachineError(
            "Python %d.%d or newer is needed, this is %s: %s."
            % (PYTHON_NEEDED + (".".join(map(str, version)), INSTALL_PYTHON))
        )
    for module in ("venv", "ensurepip"):
        if importlib.util.find_spec(module) is None:
            raise MachineError(
                "Python's module %s is missing: install the package python%d.%d-venv (Debian, Ubuntu) "
                "and run again." % ((module,) + tuple(version[:2]))
            )


def find_java() -> str:
    """The `java` of JAVA_HOME, else of the PATH; raises when there is none or it is too old."""
    home = os.environ.get("JAVA_HOME", "")
    java = str(Path(home) / "bin" / "java") if home else shutil.which("java")
    if not java or not Path(java).exists():
        where = "JAVA_HOME=%s holds none" % home if home else "there is none on the PATH"
        raise MachineError("Java %d or newer is needed, %s: %s." % (JAVA_NEEDED, where, INSTALL_JAVA))
    said = subprocess.run([java, "-version"], stderr=subprocess.STDOUT, stdout=subprocess.PIPE, check=False)
    version = java_version(said.stdout.decode(errors="replace"))
    if version < JAVA_NEEDED:
        raise MachineError(
            "Java %d or newer is needed, %s is version %s: %s."
            % (JAVA_NEEDED, java, version or "unknown", INSTALL_JAVA)
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
            "The disk is nearly full: %d MB are free at %s and %d MB are needed. Free some space, or set "
            "TRIBUTARY_HOME to a folder on another disk." % (free // 2**20, folder, needed // 2**20)
        )


def main() -> int:
    try:
        check_python()
        find_java()
        check_disk(Path(os.environ.get("TRIBUTARY_HOME") or ".local").resolve())
    except MachineError as error:
        sys.stderr.write("%s\n" % error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
