"""The settings as a process finds them when it starts with a given environment."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
COMPLETE = {
    "SECRET_KEY": "s",
    "WRITE_KEY": "w",
    "READ_KEY": "r",
    "DATABASE_URL": "postgresql://shop:secret@db.example:5433/tributary",
    "VALKEY_URL": "redis://valkey:6379/0",
    "KAFKA_BOOTSTRAP_SERVERS": "kafka.example:9092",
}
SHOWN = [
    "DEBUG",
    "DATABASES",
    "VALKEY_URL",
    "KAFKA_CLIENT",
    "SESSION_COOKIE_SECURE",
    "CSRF_COOKIE_SECURE",
    "SECURE_PROXY_SSL_HEADER",
]
SHOW = f"""
import json
from config import settings
print(json.dumps({{name: getattr(settings, name) for name in {SHOWN}}}))
"""


def start(environment: dict[str, str], home: Path) -> subprocess.CompletedProcess[str]:
    """A process that reads the settings, with nothing of this one's environment but where Python is."""
    known = {"PATH": os.environ["PATH"], "TRIBUTARY_HOME": str(home)}
    return subprocess.run(
        [sys.executable, "-c", SHOW],
        env=known | environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def settings_of(environment: dict[str, str], home: Path) -> dict[str, Any]:
    started = start(environment, home)
    assert started.returncode == 0, started.stderr
    found: dict[str, Any] = json.loads(started.stdout)
    return found


def test_the_environment_alone_is_enough(tmp_path: Path) -> None:
    settings = settings_of(COMPLETE, tmp_path)

    assert settings["DATABASES"]["default"]["HOST"] == "db.example"
    assert settings["KAFKA_CLIENT"] == {"bootstrap.servers": "kafka.example:9092"}
    assert settings["DEBUG"] is False
    assert settings["SESSION_COOKIE_SECURE"] is False


@pytest.mark.parametrize("missing", sorted(COMPLETE))
def test_what_is_missing_is_named(tmp_path: Path, missing: str) -> None:
    started = start({name: value for name, value in COMPLETE.items() if name != missing}, tmp_path)

    assert started.returncode != 0
    assert f"{missing} is not set" in started.stderr


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("redis://valkey:6379/0", "redis://valkey:6379/0"),
        ("valkey://valkey:6379/0", "redis://valkey:6379/0"),
        ("valkeys://cache.example:6379/1", "rediss://cache.example:6379/1"),
    ],
)
def test_valkeys_scheme_becomes_the_clients_and_the_host_stays(tmp_path: Path, given: str, used: str) -> None:
    assert settings_of(COMPLETE | {"VALKEY_URL": given}, tmp_path)["VALKEY_URL"] == used


def test_kafkas_security_reaches_its_clients(tmp_path: Path) -> None:
    security = {
        "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
        "KAFKA_SASL_MECHANISM": "PLAIN",
        "KAFKA_SASL_USERNAME": "u",
    }

    client = settings_of(COMPLETE | security | {"KAFKA_SASL_PASSWORD": "p"}, tmp_path)["KAFKA_CLIENT"]

    assert client["security.protocol"] == "SASL_SSL"
    assert (client["sasl.mechanism"], client["sasl.username"], client["sasl.password"]) == ("PLAIN", "u", "p")


def test_https_makes_every_cookie_secure(tmp_path: Path) -> None:
    settings = settings_of(COMPLETE | {"HTTPS": "1"}, tmp_path)

    assert settings["SESSION_COOKIE_SECURE"] is True
    assert settings["CSRF_COOKIE_SECURE"] is True
    assert settings["SECURE_PROXY_SSL_HEADER"] == ["HTTP_X_FORWARDED_PROTO", "https"]
