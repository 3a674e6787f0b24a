"""docker-compose.yml as Compose would read it: merged, with the variables of an environment in place."""

import re
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "docker-compose.yml"
EXAMPLE = ROOT / ".env.example"

VARIABLE = re.compile(r"(?P<escaped>\$\$)|\$\{(?P<name>\w+)(?::(?P<operator>[-?])(?P<rest>[^}]*))?\}")

Service = dict[str, Any]


class MissingVariableError(Exception):
    """A variable that the file requires is not set; the message is the file's."""


def load() -> dict[str, Any]:
    """The file as it stands, with its anchors merged."""
    content: dict[str, Any] = yaml.safe_load(FILE.read_text())
    return content


def interpolate(value: Any, environment: dict[str, str]) -> Any:
    """`value` with `${NAME}`, `${NAME:-default}` and `${NAME:?message}` replaced, throughout."""
    if isinstance(value, dict):
        return {key: interpolate(each, environment) for key, each in value.items()}
    if isinstance(value, list):
        return [interpolate(each, environment) for each in value]
    if not isinstance(value, str):
        return value

    def replace(found: re.Match[str]) -> str:
        if found["escaped"]:
            return "$"
        if known := environment.get(found["name"]):
            return known
        if found["operator"] == "?":
            raise MissingVariableError(f"{found['name']}: {found['rest']}")
        return found["rest"] or ""

    return VARIABLE.sub(replace, value)


def variables() -> set[str]:
    """The names that the file reads from the environment of whoever starts it."""
    return {found["name"] for found in VARIABLE.finditer(FILE.read_text()) if found["name"]}


def secrets() -> dict[str, str]:
    """What .env.example leaves open, filled in."""
    names = re.findall(r"^(\w+)=$", EXAMPLE.read_text(), re.MULTILINE)
    return {name: f"the{name.title().replace('_', '')}" for name in names}


def services(environment: dict[str, str] | None = None) -> dict[str, Service]:
    """Every service, of all profiles, as it would be started with the filled-in example."""
    found: dict[str, Service] = interpolate(load()["services"], secrets() | (environment or {}))
    return found


def environment_of(service: Service) -> dict[str, str]:
    return {name: str(value) for name, value in service.get("environment", {}).items()}


def words(service: Service) -> str:
    """The service's command in one line, without what only runs it."""
    return " ".join(service["command"]).removeprefix("python -m compose.ready ")
