"""Kafka's brokers: KRaft, each broker and controller in one process, as many as `KAFKA_BROKERS` says.

`python -m services.kafka FILE...` formats the folder of each properties file, where that is still to be done.
"""

import os
import re
import shutil
import socket
import subprocess
import sys
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from pathlib import Path

from confluent_kafka.admin import AdminClient

from services import jars
from services.home import Home, write_privately
from services.machine import find_java
from services.part import Part

LOGGING = Path(__file__).with_name("kafka-log4j2.properties")
ANSWER_SECONDS = 2.0


class KafkaFolderError(Exception):
    """A broker's folder cannot be used as it is and holds data that must not be thrown away."""


def broker_names(brokers: int) -> list[str]:
    return [f"kafka-{number}" for number in range(1, brokers + 1)]


def bootstrap(ports: Mapping[str, int], brokers: int) -> str:
    return ",".join(f"127.0.0.1:{ports[name]}" for name in broker_names(brokers))


def kafka_parts(home: Home, ports: Mapping[str, int], brokers: int) -> list[Part]:
    """The steps that bring jars and formatted folders, and the brokers that need them."""
    files = [write_properties(home, ports, number, brokers) for number in range(1, brokers + 1)]
    return [
        Part(
            "kafka-jars",
            (sys.executable, "-m", "services.jars", "kafka"),
            step=True,
            start_timeout=600,
        ),
        Part(
            "kafka-format",
            (sys.executable, "-m", "services.kafka", *map(str, files)),
            needs=("kafka-jars",),
            step=True,
        ),
    ] + [
        Part(
            name,
            java("kafka.Kafka", str(file)),
            needs=("kafka-format",),
            probe=broker_probe(f"127.0.0.1:{ports[name]}", number),
            address=f"127.0.0.1:{ports[name]}",
            start_timeout=120,
        )
        for number, (name, file) in enumerate(zip(broker_names(brokers), files, strict=True), start=1)
    ]


def java(main_class: str, *arguments: str) -> tuple[str, ...]:
    options = ("-Xmx384m", "-XX:+UseSerialGC", "-XX:+ExitOnOutOfMemoryError", "-Djava.awt.headless=true")
    logging = f"-Dlog4j2.configurationFile={LOGGING}"
    return (find_java(), *options, logging, "-cp", f"{jars.FOLDER / 'kafka'}/*", main_class, *arguments)


def write_properties(home: Home, ports: Mapping[str, int], number: int, brokers: int) -> Path:
    """The broker's configuration, written anew at each start: the ports may have moved."""
    copies = min(3, brokers)
    in_sync = 2 if brokers > 1 else 1
    voters = ",".join(f"{n}@127.0.0.1:{ports[f'kafka-controller-{n}']}" for n in range(1, brokers + 1))
    settings: dict[str, object] = {
        "process.roles": "broker,controller",
        "node.id": number,
        "controller.quorum.voters": voters,
        "listeners": f"PLAINTEXT://127.0.0.1:{ports[f'kafka-{number}']},"
        f"CONTROLLER://127.0.0.1:{ports[f'kafka-controller-{number}']}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{ports[f'kafka-{number}']}",
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "PLAINTEXT",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "log.dirs": home.data / f"kafka-{number}",
        # Copies: an acknowledged event is on two brokers at least.
        "default.replication.factor": copies,
        "min.insync.replicas": in_sync,
        "offsets.topic.replication.factor": copies,
        "transaction.state.log.replication.factor": copies,
        "transaction.state.log.min.isr": in_sync,
        "share.coordinator.state.topic.replication.factor": copies,
        "share.coordinator.state.topic.min.isr": in_sync,
        "auto.create.topics.enable": "false",
        # A dead broker is noticed in a few seconds, yet not for a pause of two busy cores.
        "broker.heartbeat.interval.ms": 500,
        "broker.session.timeout.ms": 4000,
        "controller.quorum.fetch.timeout.ms": 2000,
        "controller.quorum.election.timeout.ms": 1000,
        "controller.quorum.request.timeout.ms": 2000,
        "replica.lag.time.max.ms": 10000,
        "group.initial.rebalance.delay.ms": 0,
        # Small: one machine carries all of them.
        "offsets.topic.num.partitions": 6,
        "transaction.state.log.num.partitions": 3,
        "share.coordinator.state.topic.num.partitions": 3,
        "num.network.threads": 2,
        "num.io.threads": 4,
        "background.threads": 4,
        "log.cleaner.dedupe.buffer.size": 33_554_432,
    }
    file = home.run / f"kafka-{number}.properties"
    write_privately(file, "".join(f"{key}={value}\n" for key, value in settings.items()))
    return file


def broker_probe(address: str, number: int) -> Callable[[], str]:
    """Asks the broker itself whether it is an unfenced member of the cluster."""

    def probe() -> str:
        connect(address)
        client = AdminClient({"bootstrap.servers": address, "log_level": 0, "error_cb": lambda _: None})
        members = client.list_topics(timeout=ANSWER_SECONDS).brokers
        if number not in members:
            raise ConnectionError(f"broker {number} is not in the cluster yet")
        return f"one of {len(members)} brokers"

    return probe


def elsewhere(addresses: str, environment: Mapping[str, str]) -> list[Part]:
    """Your own cluster: nothing to start, one probe for each address that was given."""
    client = {
        option: environment[variable]
        for option, variable in {
            "security.protocol": "KAFKA_SECURITY_PROTOCOL",
            "sasl.mechanism": "KAFKA_SASL_MECHANISM",
            "sasl.username": "KAFKA_SASL_USERNAME",
            "sasl.password": "KAFKA_SASL_PASSWORD",
            "ssl.ca.location": "KAFKA_SSL_CAFILE",
            "ssl.certificate.location": "KAFKA_SSL_CERTFILE",
            "ssl.key.location": "KAFKA_SSL_KEYFILE",
        }.items()
        if environment.get(variable)
    }

    def probe_of(address: str) -> Callable[[], str]:
        def probe() -> str:
            connect(address)
            admin = AdminClient(
                {"bootstrap.servers": address, "log_level": 0, "error_cb": lambda _: None} | client
            )
            return f"one of {len(admin.list_topics(timeout=ANSWER_SECONDS).brokers)} brokers"

        return probe

    found = [address.strip() for address in addresses.split(",") if address.strip()]
    return [
        Part(f"kafka-{number}", probe=probe_of(address), address=address)
        for number, address in enumerate(found, start=1)
    ]


def connect(address: str) -> None:
    """A plain connection first: it fails at once where Kafka's client would wait and try again."""
    host, _, port = address.rpartition(":")
    with socket.create_connection((host.strip("[]"), int(port)), timeout=ANSWER_SECONDS):
        pass


def format_folders(files: list[Path]) -> list[str]:
    """Formats what is not formatted yet, all at once; returns what was done, for the log."""
    folders = {file: Path(properties(file)["log.dirs"]) for file in files}
    cluster_file = files[0].parent.parent / "data" / "kafka-cluster-id"
    known = {cluster for folder in folders.values() if (cluster := cluster_of(folder))}
    if cluster_file.exists():
        known.add(cluster_file.read_text().strip())
    if len(known) > 1:
        raise KafkaFolderError(
            f"The brokers' folders {', '.join(map(str, folders.values()))} belong to different clusters "
            f"({', '.join(sorted(known))}). Move those that do not belong here away, and start again."
        )
    cluster = known.pop() if known else new_cluster_id()
    if not cluster_file.exists():
        write_privately(cluster_file, cluster + "\n")

    done, running = [], []
    for file, folder in folders.items():
        if cluster_of(folder):
            continue
        done.append(make_room(folder))
        command = java("kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(file))
        running.append((folder, subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)))
    for folder, process in running:
        said, _ = process.communicate()
        if process.returncode:
            raise KafkaFolderError(f"Kafka could not format {folder}:\n{said.decode(errors='replace')}")
    return done


def cluster_of(folder: Path) -> str | None:
    """The cluster that a completely formatted folder belongs to; None when it is not complete."""
    if not (folder / "bootstrap.checkpoint").exists():
        return None
    try:
        meta = properties(folder / "meta.properties")
    except FileNotFoundError:
        return None
    complete = {"version", "cluster.id", "node.id", "directory.id"} <= meta.keys()
    return meta["cluster.id"] if complete else None


def make_room(folder: Path) -> str:
    """Clears a folder whose formatting was interrupted; refuses when it holds any event."""
    segments = [s for s in folder.glob("*/*.log") if s.stat().st_size]
    if segments:
        raise KafkaFolderError(
            f"{folder} holds data ({segments[0].relative_to(folder)}, ...) but its meta.properties is missing "
            f"or incomplete. With the other brokers intact, move {folder} away and start again: the broker "
            f"comes back empty and copies all from them. Without them, restore meta.properties."
        )
    if folder.exists():
        shutil.rmtree(folder)
        return f"{folder.name} was half formatted and empty: formatted anew"
    return f"{folder.name} formatted"


def properties(file: Path) -> dict[str, str]:
    return dict(re.findall(r"^([\w.]+)=(.*)$", file.read_text(errors="replace"), re.MULTILINE))


def new_cluster_id() -> str:
    return urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=").replace("-", "_")


def main(files: list[str]) -> int:
    os.umask(0o077)
    try:
        for line in format_folders([Path(file) for file in files]):
            print(line, flush=True)
    except KafkaFolderError as error:
        print(error, flush=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
