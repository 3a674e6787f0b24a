"""The Dockerfile: what it takes from the checkout is there, is enough, and is nothing else."""

import fnmatch
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from services import jars
from tests.compose.composefile import ROOT, environment_of, services

DOCKERFILE = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
STAGES = re.split(r"(?m)^(?=FROM )", DOCKERFILE)[1:]
IMAGE = STAGES[-1]


def copied(stage: str) -> list[str]:
    """The paths of the checkout that a stage copies."""
    lines = [line.split()[1:] for line in stage.splitlines() if line.startswith("COPY ")]
    return [source for words in lines if not words[0].startswith("--from=") for source in words[:-1]]


def is_sent(path: str) -> bool:
    """Whether .dockerignore lets the builder have a path: the last line that matches decides."""
    sent = True
    for line in filter(None, (ROOT / ".dockerignore").read_text().splitlines()):
        pattern = line.removeprefix("!").removeprefix("**/")
        names = [path, *Path(path).parts] if "**/" in line else [path, *map(str, Path(path).parents)]
        if not line.startswith("#") and any(fnmatch.fnmatch(name, pattern) for name in names if name != "."):
            sent = line.startswith("!")
    return sent


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the image holds of the checkout."""
    folder = tmp_path_factory.mktemp("app")
    for source in copied(IMAGE):
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, folder / source, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / source, folder)
    return folder


def run(folder: Path, *words: str, environment: dict[str, str] | None = None) -> None:
    known = {"PATH": os.environ["PATH"], "TRIBUTARY_HOME": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env=known | (environment or {}),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()


@pytest.mark.parametrize("source", sorted({source for stage in STAGES for source in copied(stage)}))
def test_what_is_copied_is_there_and_sent_to_the_builder(source: str) -> None:
    assert (ROOT / source).exists()
    assert is_sent(source)


@pytest.mark.parametrize(
    "path",
    [".env", ".git/config", ".local/secret-key", ".venv/bin/python", "shop/__pycache__/views.pyc", "docs"],
)
def test_secrets_and_ballast_are_not_sent_to_the_builder(path: str) -> None:
    assert not is_sent(path)


def test_every_package_of_the_product_is_in_the_image() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())

    assert {*project["tool"]["importlinter"]["root_packages"], "manage.py", "compose"} == set(copied(IMAGE))


def test_what_is_in_the_image_is_enough_for_django(checkout: Path) -> None:
    run(checkout, "manage.py", "check", environment=environment_of(services()["web"]))


def test_what_is_in_the_image_is_enough_for_spark_and_the_healthchecks(checkout: Path) -> None:
    run(checkout, "-c", "import streaming.jobs.activity, compose.ready, compose.answers")


def test_what_resolves_the_jars_is_there_when_it_does(tmp_path: Path) -> None:
    (stage,) = (stage for stage in STAGES if "services.jars spark" in stage)
    (tmp_path / "services").mkdir()
    for source in copied(stage):
        shutil.copy(ROOT / source, tmp_path / "services")

    run(tmp_path, "-c", "import services.jars")


def test_the_jars_are_taken_from_where_they_are_resolved_to_and_found_by_spark() -> None:
    resolved = f"/app/{(jars.FOLDER / 'spark').relative_to(ROOT)}"
    command = services()["spark"]["command"][-1]

    (target,) = re.findall(rf"COPY --from=jars {re.escape(resolved)} (\S+)", IMAGE)
    assert f"{target}/*.jar" in command


def test_the_image_runs_as_somebody_without_rights() -> None:
    (user,) = re.findall(r"(?m)^USER (\S+)", DOCKERFILE)

    assert re.search(rf"useradd .*\b{user}\b", IMAGE)
    assert IMAGE.index("USER ") > IMAGE.rindex("COPY ")


def test_the_images_that_it_begins_from_are_pinned() -> None:
    begins = re.findall(r"(?m)^FROM (\S+)", DOCKERFILE)

    assert begins == ["python:3.11-slim-bookworm", "base", "packages", "base"]
    assert "openjdk-17-jre-headless" in STAGES[0]
