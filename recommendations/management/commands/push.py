"""Pushes: reads which visitors' lists changed and wakes the sockets of their open pages."""

import asyncio
import logging
import signal
from typing import Any

import sdnotify
from channels.layers import get_channel_layer
from confluent_kafka import Consumer, KafkaError, KafkaException, Message
from django.conf import settings
from django.core.management.base import BaseCommand
from redis.exceptions import RedisError

from recommendations.consumers import group_of_visitor
from recommendations.notices import UnreadableNoticeError, decode
from tracking.events import RECOMMENDATIONS

GROUP = "push"
RETRY_SECONDS = 0.5

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Wakes the open pages of visitors whose list changed. Runs until it is stopped; several share the work."

    def handle(self, *args: Any, **options: Any) -> None:
        asyncio.run(self.push())

    async def push(self) -> None:
        stopping = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stopping.set)
        consumer = Consumer(
            settings.KAFKA_CLIENT
            | {
                "group.id": settings.KAFKA_TOPIC_PREFIX + GROUP,
                # A new group's "latest" is settled only after its assignment: what came in between would be lost.
                "auto.offset.reset": "earliest",
                "enable.auto.offset.store": False,
                "session.timeout.ms": 6000,
                "heartbeat.interval.ms": 1500,
            }
        )
        topic = settings.KAFKA_TOPIC_PREFIX + RECOMMENDATIONS
        notifier = sdnotify.SystemdNotifier()
        consumer.subscribe(
            [topic], on_assign=lambda *_: notifier.notify("READY=1\nSTATUS=waiting for changes")
        )
        pushed = 0
        try:
            while not stopping.is_set():
                messages = await loop.run_in_executor(None, _newest, consumer)
                visitors = visitors_of(messages)
                for visitor_id in visitors:
                    await self.wake(visitor_id, stopping)
                if not stopping.is_set():  # a notice counts as read when its pages have been told
                    _store(consumer, messages)
                if visitors:
                    pushed += len(visitors)
                    notifier.notify(f"STATUS={pushed} notices since it started")
        finally:
            await loop.run_in_executor(None, consumer.close)

    async def wake(self, visitor_id: str, stopping: asyncio.Event) -> None:
        """Tells the visitor's sockets, again and again while the channel layer is away."""
        layer = get_channel_layer()
        warned = False
        while not stopping.is_set():
            try:
                await layer.group_send(group_of_visitor(visitor_id), {"type": "list.changed"})
                return
            except (RedisError, OSError) as error:
                if not warned:
                    logger.warning("The channel layer does not answer; notices wait: %s", error)
                    warned = True
                await asyncio.sleep(RETRY_SECONDS)


def _newest(consumer: Consumer) -> list[Message]:
    """The messages that are there, or the next one within half a second."""
    first = consumer.poll(0.5)
    return [] if first is None else [first, *consumer.consume(500, 0)]


def _store(consumer: Consumer, messages: list[Message]) -> None:
    for message in messages:
        if message.error() is None:
            consumer.store_offsets(message)


def visitors_of(messages: list[Message]) -> list[str]:
    """The visitors named, each once. A record that names none is said and passed over."""
    visitors: dict[str, None] = {}
    for message in messages:
        if error := message.error():
            if error.fatal():
                raise KafkaException(error)
            if error.code() not in (KafkaError._ALL_BROKERS_DOWN, KafkaError._TRANSPORT):
                logger.warning("Kafka: %s", error.str())
            continue
        try:
            visitors[decode(message.value() or b"").visitor_id] = None
        except UnreadableNoticeError as error:
            where = f"{message.topic()}-{message.partition()}@{message.offset()}"
            logger.warning("%s is no notice and is passed over: %s", where, error)
    return list(visitors)
