"""What the relay does: notices on the topic `recommendations`."""

from confluent_kafka import Producer
from django.conf import settings

from recommendations.notices import Notice, encode
from streaming.topics import topic_name


def tell(*records: Notice | bytes) -> None:
    """Appends them, all to one partition, so that their order is theirs."""
    producer = Producer(settings.KAFKA_CLIENT | {"acks": "all"})
    for record in records:
        value = encode(record) if isinstance(record, Notice) else record
        producer.produce(topic_name("recommendations"), value, partition=0)
    assert producer.flush(20) == 0
