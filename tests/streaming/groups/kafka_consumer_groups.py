"""Kafka's own `kafka-consumer-groups`, asked for what the admin shows."""

import subprocess

from django.conf import settings

from services.jars import jars
from services.machine import find_java

TOOL = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand"


def run(*arguments: str) -> str:
    """What it prints; the test fails where it fails."""
    done = subprocess.run(
        [
            str(find_java()),
            "-Xmx128m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-cp",
            ":".join(map(str, jars("kafka"))),
            TOOL,
            "--bootstrap-server",
            settings.KAFKA_BOOTSTRAP_SERVERS,
            *arguments,
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def table(printed: str) -> list[dict[str, str]]:
    """The rows of its table by the names of its columns."""
    lines = [line.split() for line in printed.splitlines() if line.strip()]
    header = next(number for number, line in enumerate(lines) if line[0] == "GROUP")
    return [dict(zip(lines[header], line, strict=False)) for line in lines[header + 1 :]]
