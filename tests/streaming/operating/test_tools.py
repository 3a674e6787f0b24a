"""Kafka's own tools agree with what the pages show and have done."""

import json
import re
import subprocess
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from services import jars
from services.machine import find_java
from streaming.operating import moves
from streaming.operating.topics import create_topic
from tests.streaming.conftest import wait_for
from tests.streaming.operating.conftest import Change

pytestmark = pytest.mark.django_db
TOPICS = "org.apache.kafka.tools.TopicCommand"
REASSIGN = "org.apache.kafka.tools.reassign.ReassignPartitionsCommand"
CONFIGS = "kafka.admin.ConfigCommand"


def tool(name: str, *words: str) -> str:
    """What one of Kafka's commands prints."""
    command = [find_java(), "-Xmx128m", "-XX:TieredStopAtLevel=1", "-cp", f"{jars.FOLDER / 'kafka'}/*", name]
    server = ["--bootstrap-server", settings.KAFKA_BOOTSTRAP_SERVERS]
    done = subprocess.run(
        [*command, *server, *words], text=True, capture_output=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_kafka_s_tools_agree(
    change: Change, admin: Client, name: str, brokers: list[int], tmp_path: Path
) -> None:
    one, two, three = brokers[:3]
    asked = {"name": name, "partitions": "2", "replication": "1", "policy": "delete", "retention": "2d"}
    change("/admin/cluster/create-topic/", asked)
    wanted = f"{name}-0: {two}, {three}\n{name}-1: {one}, {two}"
    change("/admin/cluster/moves/new/", {"brokers": str(one), "exactly": wanted})
    wait_for(lambda: not moves.ongoing())

    described = tool(TOPICS, "--describe", "--topic", name)
    assert "PartitionCount: 2" in described
    assert re.findall(r"Replicas: ([\d,]+)", described) == [f"{two},{three}", f"{one},{two}"]
    page = admin.get(f"/admin/cluster/topics/{name}/").content.decode()
    for leader in re.findall(r"Leader: (\d+)", described):
        assert f"broker {leader}" in page

    file = tmp_path / "move.json"
    file.write_text(json.dumps(admin.get("/admin/cluster/moves/newest.json").json()))
    verified = tool(REASSIGN, "--verify", "--reassignment-json-file", str(file))
    moved = json.loads(file.read_text())["partitions"]
    assert moved
    for each in moved:
        assert f"Reassignment of partition {name}-{each['partition']} is completed." in verified

    configs = tool(CONFIGS, "--describe", "--entity-type", "topics", "--entity-name", name)
    assert "retention.ms=172800000" in configs
    assert "throttled.replicas" not in configs


def test_a_topic_that_kafka_s_tool_changed_is_shown_so(admin: Client, name: str, brokers: list[int]) -> None:
    create_topic(name, 1, 1, {})
    tool(
        CONFIGS,
        "--alter",
        "--entity-type",
        "topics",
        "--entity-name",
        name,
        "--add-config",
        "retention.ms=86400000",
    )
    page = admin.get(f"/admin/cluster/topics/{name}/settings/").content.decode()
    assert "now 86400000, set on this topic" in page
