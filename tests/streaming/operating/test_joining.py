"""A broker joins with the file that the page gives, and leaves by the page that takes it out."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient
from django.test import Client

from services.kafka import java
from services.ports import next_free
from streaming import snapshots
from streaming.changes import RefusedError
from streaming.operating.brokers import unregister
from streaming.operating.joining import Newcomer, properties_like
from streaming.operating.settings import Kind, Setting, Source
from tests.conftest import wait_for
from tests.streaming.operating.conftest import Change

pytestmark = pytest.mark.django_db
ADD = "/admin/cluster/brokers/add/"
START_SECONDS = 60


def setting(name: str, value: str | None, source: Source = Source.FILE) -> Setting:
    return Setting(name, Kind.STRING, value, source, None, True, "")


def test_it_is_set_as_the_others_but_for_what_is_its_own() -> None:
    settings = [
        setting("inter.broker.listener.name", "INSIDE", Source.DEFAULT),
        setting("node.id", "1"),
        setting("log.dirs", "/data/1"),
        setting("listeners", "INSIDE://a:1,CONTROLLER://a:2"),
        setting("controller.quorum.voters", "1@a:2"),
        setting("ssl.key.password", None),
        setting("log.retention.ms", "5", Source.ALL_BROKERS),
    ]
    assert properties_like(
        {each.name: each for each in settings}, Newcomer(7, "b:9", "/data/7", "r2")
    ).splitlines() == [
        "process.roles=broker",
        "node.id=7",
        "listeners=INSIDE://b:9",
        "advertised.listeners=INSIDE://b:9",
        "log.dirs=/data/7",
        "broker.rack=r2",
        "controller.quorum.voters=1@a:2",
        "# ssl.key.password= is kept secret by the brokers: as on the others",
    ]


@contextmanager
def started(file: Path, cluster: str) -> Iterator[None]:
    subprocess.run(
        java("kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(file)),
        check=True,
        capture_output=True,
    )
    with (file.parent / "broker.log").open("wb") as log:
        broker = subprocess.Popen(java("kafka.Kafka", str(file)), stdout=log, stderr=log)
    try:
        yield
    finally:
        broker.terminate()
        broker.wait(START_SECONDS)


@pytest.fixture
def new(brokers: list[int]) -> Iterator[int]:
    """The number of a broker that is not there yet, and is forgotten after the test."""
    yield brokers[-1] + 1
    with suppress(RefusedError):
        unregister(brokers[-1] + 1)


def numbers(kafka: AdminClient) -> list[int]:
    return sorted(kafka.list_topics(timeout=10).brokers)


def test_it_joins_and_is_taken_out(
    admin: Client, kafka: AdminClient, brokers: list[int], new: int, change: Change, tmp_path: Path
) -> None:
    address = f"127.0.0.1:{next_free(29_000, set())}"
    asked = {"number": str(new), "address": address, "folder": str(tmp_path / "log")}
    page = admin.get(ADD, asked)
    found = re.search(r"--cluster-id (\S+)", page.context["format_command"])
    assert found
    file = tmp_path / f"broker-{new}.properties"
    file.write_text(page.context["file"])
    assert "holds nothing yet" in page.content.decode()
    assert "Balance the partitions onto it" not in page.content.decode()

    with started(file, found[1]):
        wait_for(lambda: new in numbers(kafka), START_SECONDS, "the new broker to join")
        snapshots.forget()
        joined = admin.get(ADD).content.decode()
        assert address in joined
        assert "Balance the partitions onto it" in joined
        refused = admin.get(ADD, asked)
        assert refused.context["form"].errors["number"] == [f"There is a broker {new} already."]
        assert "file" not in refused.context
        up = admin.post(f"/admin/cluster/brokers/{new}/remove/", {"seen": ""})
        assert "stop its process" in up.context["refusal"]
    wait_for(lambda: numbers(kafka) == brokers, START_SECONDS, "the broker to be gone")
    snapshots.forget()
    change(f"/admin/cluster/brokers/{new}/remove/", name=f"broker {new}")
    snapshots.forget()
    assert f"/admin/cluster/brokers/{new}/" not in admin.get("/admin/cluster/").content.decode()
    assert admin.get(f"/admin/cluster/brokers/{new}/").status_code == 404


@pytest.mark.parametrize("address", ["no-port", "host:", "a b:9092", "host:9092\nmore=1"])
def test_what_is_no_address_is_said(admin: Client, address: str) -> None:
    page = admin.get(ADD, {"number": "9", "address": address, "folder": "/x"})
    assert page.context["form"].errors["address"] == ["A host and a port: broker-4.example.org:9092."]
    assert "file" not in page.context
