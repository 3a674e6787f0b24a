import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from services import jars
from services.jars import JarsError
from services.machine import MachineError, check_disk, check_python, find_java, java_version


def fake_java(folder: Path, script: str) -> Path:
    """A JAVA_HOME whose `java` is the given shell script."""
    java = folder / "bin" / "java"
    java.parent.mkdir(parents=True)
    java.write_text(f"#!/bin/sh\n{script}\n")
    java.chmod(0o755)
    return folder


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ('openjdk version "17.0.15" 2025-04-15', 17),
        ('Picked up JAVA_TOOL_OPTIONS: -Dx=1\nopenjdk version "21" 2023-09-19 LTS', 21),
        ('java version "1.8.0_402"', 8),
        ("command not found", 0),
    ],
)
def test_java_version_is_read(said: str, version: int) -> None:
    assert java_version(said) == version


def test_missing_java_says_which_package_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(MachineError, match="there is none on the PATH: install the package openjdk-17"):
        find_java()


def test_old_java_says_its_version_and_which_package_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = fake_java(tmp_path, """echo 'openjdk version "11.0.2"' >&2""")
    monkeypatch.setenv("JAVA_HOME", str(home))

    with pytest.raises(
        MachineError, match=r"Java 17 or newer is needed, .*/bin/java is 11: install the package"
    ):
        find_java()


def test_old_python_says_which_package_to_install() -> None:
    with pytest.raises(
        MachineError, match=r"Python 3\.11 or newer is needed, this is 3\.9\.2: install the pack"
    ):
        check_python((3, 9, 2))


def test_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=499 * 2**20))

    with pytest.raises(
        MachineError, match=f"nearly full: 499 MB are free at {tmp_path} and 500 MB are needed"
    ):
        check_disk(tmp_path / "not" / "made" / "yet")


def test_jars_that_cannot_be_resolved_leave_nothing_half_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = """[ "$1" = -version ] && echo 'openjdk version "17.0.1"' && exit 0"""
    home = fake_java(tmp_path / "java", f"{version}\necho 'UnknownHostException: no such host'; exit 1")
    monkeypatch.setenv("JAVA_HOME", str(home))
    monkeypatch.setattr(jars, "FOLDER", tmp_path / "jars")

    with pytest.raises(JarsError, match=r"(?s)Check the network.*no such host"):
        jars.resolve("spark")

    assert list((tmp_path / "jars").iterdir()) == []


def test_jars_of_other_versions_are_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    version = """[ "$1" = -version ] && echo 'openjdk version "17.0.1"' && exit 0"""
    # Ivy's last argument is the pattern of the files that it retrieves.
    retrieve = 'for last; do :; done; echo jar > "$(dirname "$last")/connector.jar"'
    monkeypatch.setenv("JAVA_HOME", str(fake_java(tmp_path / "java", f"{version}\n{retrieve}")))
    monkeypatch.setattr(jars, "FOLDER", tmp_path / "jars")
    old = tmp_path / "jars" / "spark" / "connector-of-another-version.jar"
    old.parent.mkdir(parents=True)
    old.touch()

    assert jars.resolve("spark")
    assert [jar.name for jar in jars.jars("spark")] == ["connector.jar"]
    assert not jars.resolve("spark")
