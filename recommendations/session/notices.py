"""The topic `recommendations`: whose list Spark's batches changed."""

import logging
from collections.abc import Callable
from typing import Final

from confluent_kafka import Message

from recommendations.notices import UnreadableNoticeError, decode
from recommendations.session.records import Records
from tracking.events import RECOMMENDATIONS

GROUP: Final = "push"

logger = logging.getLogger(__name__)


class Notices(Records):
    """Each is read at least once: it counts as read only after `store`."""

    def __init__(self, assigned: Callable[[], None]) -> None:
        # A new group's "latest" is settled only after its assignment: what came in between would be lost.
        options = {"auto.offset.reset": "earliest", "enable.auto.offset.store": False}
        super().__init__(RECOMMENDATIONS, GROUP, assigned, **options)

    def store(self, messages: list[Message]) -> None:
        for message in messages:
            self.consumer.store_offsets(message)


def versions_of(messages: list[Message]) -> dict[str, int]:
    """The newest version of each visitor named. A record that names none is said and passed over."""
    versions: dict[str, int] = {}
    for message in messages:
        try:
            notice = decode(message.value() or b"")
        except UnreadableNoticeError as error:
            where = f"{message.topic()}-{message.partition()}@{message.offset()}"
            logger.warning("%s is no notice and is passed over: %s", where, error)
        else:
            versions[notice.visitor_id] = max(notice.version, versions.get(notice.visitor_id, 0))
    return versions
