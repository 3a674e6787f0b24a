"""Who is logged in, and refused events as the collector leaves them."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from tracking import identities, rejected
from tracking.identities import keys_of
from tracking.models import RejectedEvent, WriteKey
from tracking.refusals import Reason, RejectedError
from tracking.rejected import rejection_of


@pytest.fixture(autouse=True)
def nothing_remembered() -> None:
    """No test is given a key that the test before rolled back."""
    for memory in (identities.visitor_keys, identities.persons, identities.links):
        memory.kept.clear()


@pytest.fixture
def admin(db: None) -> Client:
    """A browser in which a superuser is logged in."""
    client = Client()
    client.force_login(User.objects.create_superuser("root", "root@example.org", "secret"))
    return client


@pytest.fixture
def viewer(db: None) -> Client:
    """A browser of staff who may look at rejected events, and nothing else."""
    user = User.objects.create_user("viewer", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_rejectedevent"))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def shop(db: None) -> WriteKey:
    return WriteKey.objects.create(name="shop", for_pages=True)


Refuse = Callable[..., RejectedEvent]


@pytest.fixture
def refuse(db: None) -> Refuse:
    """`refuse(body, visitor_id=...)`: its row, as the projector makes it."""

    def row(
        body: bytes,
        *,
        reason: Reason = Reason.MALFORMED,
        visitor_id: str | None = None,
        source: str = "shop",
        kind: str | None = "track",
        truncated: bool = False,
    ) -> RejectedEvent:
        rejection = rejection_of(
            RejectedError(reason, "event", "is missing"),
            body,
            source=source,
            kind=kind,
            visitor_id=visitor_id,
            key=keys_of([visitor_id])[visitor_id] if visitor_id else None,
            truncated=truncated,
        )
        return RejectedEvent.objects.create(
            partition=0,
            offset=RejectedEvent.objects.count(),
            rejected_at=datetime.now(UTC),
            source=source,
            reason=reason,
            field="event",
            detail="is missing",
            visitor_id=visitor_id,
            record=rejected.encode(rejection),
        )

    return row
