"""A topic's or broker's settings as the broker tells of them: type, value, default and documentation."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from html.parser import HTMLParser
from typing import Any, Final

from kafka.admin import ConfigResourceType, KafkaAdminClient
from kafka.protocol.admin import DescribeConfigsRequest, IncrementalAlterConfigsRequest

from streaming.connection import send
from streaming.operating.orders import check, inquire, tell

CHOICES: Final = {
    "cleanup.policy": ("delete", "compact", "compact,delete"),
    "compression.type": ("producer", "uncompressed", "gzip", "lz4", "snappy", "zstd"),
    "message.timestamp.type": ("CreateTime", "LogAppendTime"),
}
"""What the broker accepts where it tells only that it is a word."""
UNUSED_TOPIC: Final = "defaults-of-a-topic"


class Kind(IntEnum):
    """Types of settings, as the protocol numbers them."""

    UNKNOWN = 0
    BOOLEAN = 1
    STRING = 2
    INT = 3
    SHORT = 4
    LONG = 5
    DOUBLE = 6
    LIST = 7
    CLASS = 8
    PASSWORD = 9


class Source(IntEnum):
    """Where a value comes from, as the protocol numbers it."""

    UNKNOWN = 0
    TOPIC = 1
    BROKER = 2
    ALL_BROKERS = 3
    FILE = 4
    DEFAULT = 5


@dataclass(frozen=True, slots=True)
class Setting:
    name: str
    kind: Kind
    value: str | None
    """None of a secret, which the broker keeps to itself."""
    source: Source
    default: str | None
    """What it is where nothing is set on the topic, or the broker."""
    read_only: bool
    documentation: str

    @property
    def choices(self) -> tuple[str, ...]:
        return ("true", "false") if self.kind is Kind.BOOLEAN else CHOICES.get(self.name, ())


@dataclass(frozen=True, slots=True)
class Resource:
    """What has settings: a topic by its name, or a broker by its number."""

    kind: ConfigResourceType
    name: str

    @property
    def broker(self) -> int | None:
        """The only broker that can tell and change it."""
        return int(self.name) if self.kind == ConfigResourceType.BROKER else None

    @property
    def own_source(self) -> Source:
        return Source.BROKER if self.kind == ConfigResourceType.BROKER else Source.TOPIC


def topic_resource(name: str) -> Resource:
    return Resource(ConfigResourceType.TOPIC, name)


def broker_resource(broker: int) -> Resource:
    return Resource(ConfigResourceType.BROKER, str(broker))


def read_settings(resource: Resource) -> dict[str, Setting]:
    """All settings by name. Raises RefusedError, UnansweredError."""
    return inquire(lambda client: _describe(client, resource))


def alter_settings(resource: Resource, wanted: Mapping[str, str | None], *, dry_run: bool = False) -> None:
    """Sets what `wanted` names, None for back to the default. Raises RefusedError, UnansweredError."""
    request = IncrementalAlterConfigsRequest(
        resources=[
            (
                resource.kind,
                resource.name,
                [(name, 1 if value is None else 0, value) for name, value in wanted.items()],
            )
        ],
        validate_only=dry_run,
    )

    def alter(client: KafkaAdminClient) -> None:
        for answer in send(client, request, resource.broker).responses:
            check(answer.error_code, answer.error_message)

    tell(alter)


def _describe(client: KafkaAdminClient, resource: Resource) -> dict[str, Setting]:
    # The client's own method does not ask for the documentation.
    request = DescribeConfigsRequest(
        resources=[(resource.kind, resource.name, None)],
        include_synonyms=True,
        include_documentation=True,
    )
    (answer,) = send(client, request, resource.broker).results
    check(answer.error_code, answer.error_message)
    defaults = _defaults(client) if resource.kind == ConfigResourceType.TOPIC else {}
    settings = [_setting(each, resource.own_source, defaults) for each in answer.configs]
    return {each.name: each for each in sorted(settings, key=lambda each: each.name)}


def _defaults(client: KafkaAdminClient) -> dict[str, str | None]:
    """What a topic that is created now would have: of what a topic sets itself, brokers do not always tell it."""
    answer = client.create_topics([UNUSED_TOPIC], validate_only=True, raise_errors=False)
    return {name: each["value"] for name, each in answer["topics"][0].get("configs", {}).items()}


def _setting(told: Any, own: Source, defaults: Mapping[str, str | None]) -> Setting:
    others = [synonym.value for synonym in told.synonyms if synonym.source != own]
    default = others[0] if others else (None if told.config_source == own else told.value)
    return Setting(
        name=told.name,
        kind=Kind(told.config_type),
        value=told.value,
        source=Source(told.config_source) if told.config_source in set(Source) else Source.UNKNOWN,
        default=defaults.get(told.name, default),
        read_only=told.read_only,
        documentation=_plain(told.documentation or ""),
    )


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def _plain(html: str) -> str:
    """The broker's documentation has tags, which are not ours to trust."""
    parser = _Text()
    parser.feed(html)
    parser.close()
    return "".join(parser.words)
