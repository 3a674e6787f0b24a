"""Kafka's brokers: KRaft, each broker and controller in one process, as many as `KAFKA_BROKERS` says."""

import sys
from collections.abc import Mapping
from pathlib import Path

from services import jars
from services.home import Home, write_privately
from services.kafka_probe import broker_probe, client_settings
from services.machine import find_java
from services.part import ELSEWHERE_SECONDS, Part

LOGGING = Path(__file__).with_name("kafka-log4j2.properties")


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
            (sys.executable, "-m", "services.kafka_folders", *map(str, files)),
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
        # After a restart the first broker back leads everything: share it out again soon.
        "leader.imbalance.check.interval.seconds": 30,
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


def elsewhere(addresses: str, environment: Mapping[str, str]) -> list[Part]:
    """Your own cluster: nothing to start, one probe for each address that was given."""
    found = [address.strip() for address in addresses.split(",") if address.strip()]
    return [
        Part(
            f"kafka-{number}",
            probe=broker_probe(address, settings=client_settings(environment)),
            address=address,
            start_timeout=ELSEWHERE_SECONDS,
        )
        for number, address in enumerate(found, start=1)
    ]
