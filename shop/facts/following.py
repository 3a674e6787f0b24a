"""What follows the log of facts: each follower once for each fact, in their order."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Final

from django.db import models, transaction
from eventsourcing.domain import DomainEvent
from eventsourcing.persistence import Notification
from eventsourcing.utils import get_topic

from shop.facts.application import facts
from shop.facts.models import Position

AT_ONCE: Final = 1000


class Follower(ABC):
    """Works facts into tables. Its work and its position are one transaction, so that each fact counts once."""

    name: ClassVar[str]
    tables: ClassVar[tuple[type[models.Model], ...]] = ()
    """Of a projection: made of facts alone, so that they can be deleted and made anew."""
    facts: ClassVar[tuple[type[DomainEvent], ...]]
    """What it reads; it is not shown others."""

    @abstractmethod
    def follow(self, facts: Sequence[DomainEvent]) -> None:
        """Works them in. It is told of each once, in their order."""

    def topics(self) -> list[str]:
        return [get_topic(kind) for kind in self.facts]

    def position(self) -> int:
        found = Position.objects.filter(follower=self.name).values_list("notification_id", flat=True).first()
        return found or 0

    def catch_up(self) -> int:
        """Works in what is new, by whichever process comes first; how many facts this one did.

        While another process is at it, it waits for that one. Raises DatabaseError.
        """
        done = 0
        while (end := last_place()) > self.position():
            with transaction.atomic():
                done += self.step(end)
        return done

    def step(self, end: int) -> int:
        """The next facts up to `end`, within the caller's transaction."""
        Position.objects.bulk_create([Position(follower=self.name)], ignore_conflicts=True)
        position = Position.objects.select_for_update().get(follower=self.name)
        if position.notification_id >= end:
            return 0
        found = facts().recorder.select_notifications(
            position.notification_id, AT_ONCE, end, self.topics(), inclusive_of_start=False
        )
        self.follow([fact_of(notification) for notification in found])
        position.notification_id = found[-1].id if len(found) == AT_ONCE else end
        position.save()
        return len(found)


def last_place() -> int:
    """The place of the newest fact."""
    return facts().recorder.max_notification_id() or 0


def fact_of(notification: Notification) -> DomainEvent:
    """The fact as its class is today, whatever version it was written with."""
    fact = facts().mapper.to_domain_event(notification)
    if not isinstance(fact, DomainEvent):
        raise TypeError(f"{notification.topic} is not a fact of the shop.")
    return fact
