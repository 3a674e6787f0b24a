"""librdkafka's settings for whoever writes to `activity`. No Django here: the benchmark compares with the same."""

from typing import Final

CONFIG: Final = {
    "enable.idempotence": True,
    "acks": "all",
    "compression.type": "lz4",
    "linger.ms": 2,
    "partitioner": "murmur2_random",
    "message.timeout.ms": 10_000,
    "socket.timeout.ms": 5_000,
    "reconnect.backoff.max.ms": 1_000,
    "queue.buffering.max.messages": 100_000,
    "queue.buffering.max.kbytes": 65_536,
}
