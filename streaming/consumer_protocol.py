"""Groups of Kafka's newer consumer protocol (KIP-848), which kafka-python cannot describe: librdkafka is asked."""

from collections.abc import Sequence
from typing import Final

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from django.conf import settings

from streaming.connection import UnansweredError
from streaming.groups import Member

SECONDS: Final = 5.0


def members_of(groups: Sequence[str]) -> dict[str, tuple[Member, ...]]:
    """The members of groups of either protocol; none of a group that is not there. Raises UnansweredError."""
    admin = AdminClient(settings.KAFKA_CLIENT | {"log_level": 0})
    try:
        described = {
            name: future.result()
            for name, future in admin.describe_consumer_groups(list(groups), request_timeout=SECONDS).items()
        }
    except KafkaException as error:
        raise UnansweredError(
            f"Kafka did not describe the groups at {settings.KAFKA_BOOTSTRAP_SERVERS}: {error.args[0].str()}"
        ) from error
    return {
        name: tuple(
            Member(
                member_id=member.member_id,
                client_id=member.client_id,
                host=member.host.lstrip("/"),
                assigned=tuple(
                    (at.topic, at.partition)
                    for at in (member.assignment.topic_partitions if member.assignment else [])
                ),
            )
            for member in group.members
        )
        for name, group in described.items()
    }
