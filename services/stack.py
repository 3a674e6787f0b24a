"""Tributary's process list, and what its processes find in their environment."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from services import jars, kafka, postgres, valkey
from services.home import CHECKOUT, Home
from services.part import ELSEWHERE_SECONDS, Part
from services.ports import choose_ports
from services.web import web_probe

SERVERS = ("kafka-1", "kafka-2", "kafka-3", "postgres", "valkey")
PROCESSES = ("spark", "web", "push", "relay", "worker", "beat", "shoppers")
SHOPPERS_RATE = "5"
GRANIAN = ("--interface", "asgi", "--host", "127.0.0.1", "--workers", "1", "--no-access-log")


class OptionError(Exception):
    """An option or a variable of the stack cannot be used; the message says what it accepts."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What one start of the stack runs."""

    parts: list[Part]
    environment: dict[str, str]
    shop: str | None
    notes: list[str]


def plan(
    home: Home, given: Mapping[str, str], *, servers_only: bool = False, without: frozenset[str] = frozenset()
) -> Plan:
    """Chooses ports, writes the addresses to the home, and lists the parts.

    A server whose address stands in `given` (the environment) is used where it is and not started.
    """
    brokers = one_of(given, "KAFKA_BROKERS", "3", {"1", "3"})
    external = {name for name in ("KAFKA_BOOTSTRAP_SERVERS", "DATABASE_URL", "VALKEY_URL") if given.get(name)}
    ports, notes = choose_ports(home, port_names(int(brokers), external, web=not servers_only))
    addresses = {
        "kafka": given.get("KAFKA_BOOTSTRAP_SERVERS") or kafka.bootstrap(ports, int(brokers)),
        "database_url": given.get("DATABASE_URL") or postgres.database_url(home, ports["postgres"]),
        "valkey_url": given.get("VALKEY_URL") or valkey.valkey_url(ports["valkey"]),
    }
    home.write_addresses(addresses)

    parts = server_parts(home, ports, addresses, int(brokers), external)
    shop = None if servers_only else f"http://127.0.0.1:{ports['web']}/"
    environment = dict(given) | {
        "TRIBUTARY_HOME": str(home.path),
        "PYTHONUNBUFFERED": "1",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{given.get('PATH', '')}",
        "KAFKA_BOOTSTRAP_SERVERS": addresses["kafka"],
        "DATABASE_URL": addresses["database_url"],
        "VALKEY_URL": addresses["valkey_url"],
        "KAFKA_BROKERS": brokers,
    }
    if shop:
        rate = shoppers_rate(given)
        if rate == "0":
            without |= {"shoppers"}
        parts += process_parts(home, ports["web"], rate)
        environment |= {"WEB_PORT": str(ports["web"]), "SHOP_ADDRESS": shop}
        # Whoever tries the product with a headless browser is to see what it does.
        environment |= {"TRACKING_BOTS": os.environ.get("TRACKING_BOTS") or "mark"}
    unknown = without - {part.name for part in parts} - {"shoppers"}
    if unknown:
        raise OptionError(
            f"--without does not know {', '.join(sorted(unknown))}: it accepts "
            f"{', '.join(part.name for part in parts)}."
        )
    return Plan([part for part in parts if part.name not in without], environment, shop, notes)


def port_names(brokers: int, external: set[str], *, web: bool) -> list[str]:
    names = ["web"] if web else []
    if "KAFKA_BOOTSTRAP_SERVERS" not in external:
        names += kafka.broker_names(brokers) + [f"kafka-controller-{n}" for n in range(1, brokers + 1)]
    if "DATABASE_URL" not in external:
        names.append("postgres")
    if "VALKEY_URL" not in external:
        names.append("valkey")
    return names


def server_parts(
    home: Home, ports: Mapping[str, int], addresses: Mapping[str, str], brokers: int, external: set[str]
) -> list[Part]:
    parts = []
    if "KAFKA_BOOTSTRAP_SERVERS" in external:
        parts += kafka.elsewhere(addresses["kafka"], os.environ)
    else:
        parts += kafka.kafka_parts(home, ports, brokers)
    if "DATABASE_URL" in external:
        url = addresses["database_url"]
        probe = postgres.postgres_probe(url)
        address = postgres.address_of(url)
        parts.append(Part("postgres", probe=probe, address=address, start_timeout=ELSEWHERE_SECONDS))
    else:
        parts += postgres.postgres_parts(home, ports["postgres"])
    if "VALKEY_URL" in external:
        url = addresses["valkey_url"]
        probe = valkey.valkey_probe(url)
        address = valkey.address_of(url)
        parts.append(Part("valkey", probe=probe, address=address, start_timeout=ELSEWHERE_SECONDS))
    else:
        parts.append(valkey.valkey_part(ports["valkey"]))
    return parts


def process_parts(home: Home, web_port: int, rate: str) -> list[Part]:
    """The set-up steps of the product and its processes, each after what it cannot do without."""
    brokers = SERVERS[:3]
    return [
        # After Kafka's jars only because Ivy takes one at a time and the brokers should not wait.
        Part("spark-jars", run("services.jars", "spark"), ("kafka-jars",), step=True, start_timeout=600),
        Part("migrate", manage("migrate", "--no-input"), ("postgres",), step=True, start_timeout=120),
        Part("create-topics", manage("create_topics"), brokers, step=True),
        Part("load-catalogue", manage("load_catalogue"), ("migrate",), step=True),
        Part("create-admin", manage("create_admin"), ("migrate",), step=True),
        Part(
            "spark",
            run("streaming.jobs.activity"),
            ("spark-jars", "migrate"),  # it waits for its topic by itself, with its JVM warm by then
            environment=lambda: {
                "SPARK_JARS": ",".join(map(str, jars.jars("spark"))),
                "CHECKPOINT_DIR": str(home.data / "checkpoints"),
            },
            start_timeout=120,
        ),
        Part(
            "web",
            run("granian", *GRANIAN, "--port", str(web_port), "config.asgi:application"),
            ("load-catalogue", "create-topics", "valkey"),
            probe=web_probe(web_port),
            address=f"http://127.0.0.1:{web_port}/",
        ),
        Part("push", manage("push"), ("migrate", "create-topics", "valkey")),
        Part("relay", manage("relay"), ("migrate", "create-topics")),
        Part(
            "worker",
            run("celery", "-A", "config", "worker", "--pool", "threads", "-c", "2", "--loglevel", "INFO"),
            ("migrate", "valkey"),
        ),
        Part(
            "beat",
            run("celery", "-A", "config", "beat", "-s", str(home.data / "beat-schedule"), "--pidfile", ""),
            ("migrate", "valkey"),
        ),
        Part("shoppers", manage("shoppers", "--rate", rate), ("web", "spark", "push", "relay")),
    ]


def manage(*words: str) -> tuple[str, ...]:
    return (sys.executable, str(CHECKOUT / "manage.py"), *words)


def run(module: str, *words: str) -> tuple[str, ...]:
    return (sys.executable, "-m", module, *words)


def one_of(given: Mapping[str, str], name: str, default: str, accepted: set[str]) -> str:
    value = given.get(name, "").strip() or default
    if value not in accepted:
        raise OptionError(f"{name}={value!r} is not usable: it accepts {' or '.join(sorted(accepted))}.")
    return value


def shoppers_rate(given: Mapping[str, str]) -> str:
    rate = given.get("SHOPPERS", "").strip() or SHOPPERS_RATE
    if not rate.isdecimal():
        raise OptionError(
            f"SHOPPERS={rate!r} is not usable: it accepts 0 for none, or their events per second."
        )
    return rate
