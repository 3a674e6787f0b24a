"""How a new broker is set up so that it joins: as one that is there already, but for what is its own."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from streaming.changes import RefusedError
from streaming.cluster import Cluster
from streaming.operating.settings import Setting, Source, broker_resource, read_settings

OWN: Final = {
    *("broker.id", "node.id", "broker.rack", "process.roles", "listeners", "advertised.listeners"),
    *("log.dir", "log.dirs", "metadata.log.dir"),
}
"""What no two brokers share."""


class Newcomer(NamedTuple):
    """What is the new broker's own."""

    number: int
    address: str
    """Where it listens and is reached: host:port."""
    folder: str
    rack: str = ""


def next_number(cluster: Cluster) -> int:
    return max((broker.id for broker in cluster.brokers), default=0) + 1


def properties_for(cluster: Cluster, newcomer: Newcomer) -> str:
    """The lines of the new broker's server.properties. Raises RefusedError, UnansweredError."""
    alike = next((broker for broker in cluster.brokers if broker.alive), None)
    if alike is None:
        raise RefusedError("No broker is up that a new one could be set like.")
    return properties_like(read_settings(broker_resource(alike.id)), newcomer)


def own_properties(newcomer: Newcomer, listener: str) -> dict[str, str]:
    """What no other broker has; it controls nothing."""
    address = f"{listener}://{newcomer.address}"
    return {
        "process.roles": "broker",
        "node.id": str(newcomer.number),
        "listeners": address,
        "advertised.listeners": address,
        "log.dirs": newcomer.folder,
        **({"broker.rack": newcomer.rack} if newcomer.rack else {}),
    }


def properties_like(settings: Mapping[str, Setting], newcomer: Newcomer) -> str:
    """As the broker with these settings has in its file, but for what is the newcomer's own."""
    own = own_properties(newcomer, settings["inter.broker.listener.name"].value or "PLAINTEXT")
    shared = [each for each in settings.values() if each.source is Source.FILE and each.name not in OWN]
    secret = [each.name for each in shared if each.value is None]
    return "".join(
        [
            *(f"{name}={value}\n" for name, value in own.items()),
            *(f"{each.name}={each.value}\n" for each in shared if each.value is not None),
            *(f"# {name}= is kept secret by the brokers: as on the others\n" for name in secret),
        ]
    )
