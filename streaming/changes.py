"""The one way in which the cluster, its groups and what watches them are changed: written down before and after.

A page that changes something is a `streaming.admin.changing.ChangePage`; a command uses `recorded` itself.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.utils import timezone

from streaming.models import Change

Value = str | int | float | bool | None
Facts = Mapping[str, Value]
"""What stands somewhere, by name. Only what a change is of: nothing that moves by itself, as sizes do."""

User = AbstractBaseUser | AnonymousUser


class RefusedError(Exception):
    """The change cannot be made, or was not; the message says why and what to do instead."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a change would do."""

    before: Facts
    after: Facts
    consequence: str = ""
    """What it means, where names and values do not say so by themselves."""
    warning: str = ""
    """Why it may be a mistake."""
    details: Mapping[str, Value] = field(default_factory=dict)
    """What else is worth knowing, that the change is not of: bytes to be moved, records that go."""

    @property
    def changes(self) -> list[tuple[str, Value, Value]]:
        """Name, before and after of what is not the same; None for what is not there."""
        names = dict.fromkeys([*self.before, *self.after])
        rows = [(name, self.before.get(name), self.after.get(name)) for name in names]
        return [(name, before, after) for name, before, after in rows if before != after]


@contextmanager
def recorded(*, by: User | None, action: str, subject: str, plan: Plan) -> Iterator[Change]:
    """Writes the change down, whatever becomes of what is done within: done, or failed and why.

    It stands there as begun before anything is done, so that what a killed process had begun is known. Whoever does
    it may set `after` to what it really became. `by` is None where a command does it, for whoever runs it.
    """
    change = Change.objects.create(
        username=by.get_username() if by is not None else f"command of {os.environ.get('USER', 'unknown')}",
        action=action,
        subject=subject,
        before=dict(plan.before),
        after=dict(plan.after),
    )
    try:
        yield change
    except BaseException as error:
        change.state, change.error = Change.State.FAILED, str(error) or type(error).__name__
        raise
    else:
        change.state = Change.State.DONE
    finally:
        change.ended_at = timezone.now()
        change.save()
        if by is not None and by.pk is not None:
            _enter(change, by)


def _enter(change: Change, by: User) -> None:
    """Into the admin's own history too, which shows what somebody did."""
    LogEntry.objects.log_actions(
        user_id=str(by.pk),
        queryset=[change],
        action_flag=CHANGE,
        change_message=f"{change.action}: {change.get_state_display()}.",
        single_object=True,
    )
