"""Reads the end of `activity` while somebody watches: one thread for each web process, in no consumer group."""

import logging
import threading
import time
from typing import Final

from confluent_kafka import Consumer, KafkaException, Message, TopicPartition
from django.conf import settings

from streaming.admin.live.arrivals import arrival_of
from streaming.admin.live.watching import Watcher
from streaming.topics import topic_name
from tracking.events import ACTIVITY

logger = logging.getLogger(__name__)

TIMEOUT: Final = 5.0
RETRY_SECONDS: Final = 1.0
POLL_SECONDS: Final = 0.1
MAX_PER_SECOND: Final = 2000
"""Records read in a second. Beyond, it jumps to the end: watching must not slow down the process that collects."""
SILENT_SECONDS: Final = 10.0
"""Nothing came for so long: it asks whether Kafka is still there, and whether there are more partitions."""


class Reader:
    """Shows each watcher what is appended from the moment it joins. Its thread ends when the last one has left."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._watchers: set[Watcher] = set()
        self._thread: threading.Thread | None = None
        self._state = ("connecting", "")

    def join(self, watcher: Watcher) -> None:
        with self._lock:
            self._watchers.add(watcher)
            watcher.tell(*self._state)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="live-view", daemon=True)
                self._thread.start()

    def leave(self, watcher: Watcher) -> None:
        with self._lock:
            self._watchers.discard(watcher)

    @property
    def is_reading(self) -> bool:
        return self._thread is not None

    def _run(self) -> None:
        while self._is_watched():
            try:
                self._read()
            except KafkaException as error:
                if self._state[0] != "away":
                    logger.warning("The live view cannot read the log, and goes on trying: %s", error)
                self._tell(
                    "away", f"Kafka does not answer at {settings.KAFKA_BOOTSTRAP_SERVERS}; trying again."
                )
                time.sleep(RETRY_SECONDS)

    def _is_watched(self) -> bool:
        """Where nobody is left, the thread is told to end, and the next to join starts another."""
        with self._lock:
            if not self._watchers:
                self._thread, self._state = None, ("connecting", "")
            return bool(self._watchers)

    def _read(self) -> None:
        tail = Tail()
        try:
            self._tell("watching")
            second, records, asked = time.monotonic(), 0, time.monotonic()
            while self._watched_now():
                messages = tail.read()
                self._show(messages)
                records += len(messages)
                now = time.monotonic()
                if messages:
                    asked = now
                elif now > asked + SILENT_SECONDS:
                    tail.follow_new_partitions()
                    asked = now
                if records >= MAX_PER_SECOND:
                    time.sleep(max(0.0, second + 1 - now))
                    self._skip(tail.jump())
                if records >= MAX_PER_SECOND or now > second + 1:
                    second, records = time.monotonic(), 0
        finally:
            tail.close()

    def _watched_now(self) -> bool:
        with self._lock:
            return bool(self._watchers)

    def _show(self, messages: list[Message]) -> None:
        arrivals = [arrival_of(message) for message in messages]
        for watcher in self._joined():
            watcher.offer(arrivals)

    def _skip(self, records: int) -> None:
        for watcher in self._joined():
            watcher.skip(records)

    def _tell(self, state: str, detail: str = "") -> None:
        with self._lock:
            self._state = (state, detail)
            for watcher in self._watchers:
                watcher.tell(state, detail)

    def _joined(self) -> list[Watcher]:
        with self._lock:
            return list(self._watchers)


class Tail:
    """The end of every partition of the topic, from now on. Raises KafkaException when the brokers do not answer."""

    def __init__(self) -> None:
        self.topic = topic_name(ACTIVITY)
        self.consumer = Consumer(
            settings.KAFKA_CLIENT
            | {
                "group.id": "live-view",  # the client wants one; nothing is committed and no group is joined
                "enable.auto.commit": False,
                "queued.max.messages.kbytes": 4096,
                "fetch.message.max.bytes": 262_144,
                "log_level": 0,  # its own lines would only repeat what is raised
            }
        )
        self.next: dict[int, int] = {}
        try:
            self.follow_new_partitions()
        except KafkaException:
            self.close()
            raise

    def read(self) -> list[Message]:
        messages = self.consumer.consume(500, timeout=POLL_SECONDS)
        read = []
        for message in messages:
            if error := message.error():
                raise KafkaException(error)
            self.next[message.partition() or 0] = (message.offset() or 0) + 1
            read.append(message)
        return read

    def jump(self) -> int:
        """Goes on at the end; returns how many records that passed over."""
        passed = 0
        for partition, offset in self.next.items():
            end = self._end(partition)
            self.consumer.seek(TopicPartition(self.topic, partition, end))
            passed += max(0, end - offset)
            self.next[partition] = end
        return passed

    def follow_new_partitions(self) -> None:
        """Takes in partitions that it does not read yet; raises where nobody answers any more."""
        known = self.consumer.list_topics(self.topic, timeout=TIMEOUT).topics[self.topic]
        if known.error is not None:
            raise KafkaException(known.error)
        if new := sorted(set(known.partitions) - set(self.next)):
            self.next |= {partition: self._end(partition) for partition in new}
            self.consumer.assign([TopicPartition(self.topic, at, offset) for at, offset in self.next.items()])

    def close(self) -> None:
        self.consumer.close()

    def _end(self, partition: int) -> int:
        _, end = self.consumer.get_watermark_offsets(TopicPartition(self.topic, partition), timeout=TIMEOUT)
        return end


reader = Reader()
"""The one of this process."""
