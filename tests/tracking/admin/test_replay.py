import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from tests.tracking.admin.conftest import Refuse
from tracking import events
from tracking.models import RejectedEvent, SpooledRecord, VisitorKey, WriteKey
from tracking.refusals import Reason
from tracking.replay import NotReplayedError, replay
from tracking.sealing import unsealed

LIST = reverse("admin:tracking_rejectedevent_changelist")
GOOD = b'{"messageId": "m-1", "event": "Product Viewed", "anonymousId": "v-1", "properties": {"product_id": "mug-1"}}'
BAD = b'{"messageId": "m-2", "anonymousId": "v-1"}'
MENDED = '{"messageId": "m-2", "anonymousId": "v-1", "event": "Searched", "userId": "mary"}'


def page_of(row: RejectedEvent) -> str:
    return reverse("admin:tracking_rejectedevent_change", args=[row.pk])


def spooled() -> list[events.Event]:
    return [events.decode(bytes(row.value or b"")) for row in SpooledRecord.objects.order_by("id")]


def test_a_selection_is_replayed_and_what_fails_again_says_why(
    admin: Client, shop: WriteKey, refuse: Refuse
) -> None:
    good, bad = refuse(GOOD), refuse(BAD)
    response = admin.post(
        LIST, {"action": "replay_selected", "_selected_action": [good.pk, bad.pk]}, follow=True
    )
    text = response.content.decode()
    assert "1 event is on the way" in text
    assert "It is still refused: event is missing" in text
    assert [event.event_id for event in spooled()] == ["m-1"]
    good.refresh_from_db()
    bad.refresh_from_db()
    assert (good.replayed_by, bad.replayed_at) == ("root", None)


def test_it_keeps_source_visitor_and_the_time_of_receipt(shop: WriteKey, refuse: Refuse) -> None:
    row = refuse(GOOD, visitor_id="cookie-visitor")
    (event,) = replay(row, by="root")
    assert (event.source, event.visitor_id) == ("shop", "cookie-visitor")
    assert abs((datetime.fromisoformat(event.received_at) - row.rejected_at).total_seconds()) < 1


def test_nothing_is_replayed_twice(shop: WriteKey, refuse: Refuse) -> None:
    row = refuse(GOOD)
    stale = RejectedEvent.objects.get(pk=row.pk)
    replay(row, by="root")
    for again in (stale, RejectedEvent.objects.get(pk=row.pk)):
        with pytest.raises(NotReplayedError):
            replay(again, by="root")
    assert len(spooled()) == 1


@pytest.mark.django_db(transaction=True)
def test_of_many_replays_at_once_one_takes_it(shop: WriteKey, refuse: Refuse) -> None:
    row = refuse(GOOD)
    together = threading.Barrier(6)

    def try_it(_: int) -> bool:
        together.wait()
        try:
            replay(row, by="root")
        except NotReplayedError:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(6) as pool:
        taken = list(pool.map(try_it, range(6)))
    assert sum(taken) == 1
    assert len(spooled()) == 1


def test_a_mended_body_is_replayed_sealed(admin: Client, shop: WriteKey, refuse: Refuse) -> None:
    row = refuse(BAD)
    assert "still refused" in admin.post(page_of(row), {"body": BAD.decode(), "key": "shop"}).content.decode()
    assert admin.post(page_of(row), {"body": MENDED, "key": "shop"}, follow=True).status_code == 200
    (event,) = spooled()
    assert event.event == "Searched"
    assert "mary" not in events.encode(event).decode()
    opened = unsealed(event)
    assert opened is not None
    assert opened.user_id == "mary"


def test_a_mended_batch_is_taken_as_a_whole_or_not_at_all(shop: WriteKey, refuse: Refuse) -> None:
    row = refuse(b'{"batch": [', kind="batch")
    call = b'{"type": "page", "messageId": "%s", "anonymousId": "v"}'
    with pytest.raises(NotReplayedError, match="event 2"):
        replay(row, by="root", body=b'{"batch": [' + call % b"1" + b', {"type": "page"}]}')
    assert not spooled()
    replay(row, by="root", body=b'{"batch": [' + call % b"1" + b"," + call % b"2" + b"]}")
    assert [event.event_id for event in spooled()] == ["1", "2"]


def test_without_its_key_another_is_to_be_chosen(shop: WriteKey, refuse: Refuse) -> None:
    row = refuse(GOOD, reason=Reason.BAD_KEY, source="(unknown key)")
    with pytest.raises(NotReplayedError, match="choose a key"):
        replay(row, by="root")
    (event,) = replay(row, by="root", key_name="shop")
    assert event.source == "shop"


def test_what_was_cut_off_is_not_replayed_as_it_is(shop: WriteKey, refuse: Refuse) -> None:
    with pytest.raises(NotReplayedError, match="Only its beginning"):
        replay(refuse(GOOD, truncated=True), by="root")


def test_of_an_erased_visitor_nothing_can_be_read_or_replayed(
    admin: Client, shop: WriteKey, refuse: Refuse
) -> None:
    row = refuse(b'{"event": "secret words", "anonymousId": "v-1"}', visitor_id="v-1")
    assert "secret words" in admin.get(page_of(row)).content.decode()
    VisitorKey.objects.all().delete()
    page = admin.get(page_of(row)).content.decode()
    assert "Erased." in page
    assert "secret words" not in page
    with pytest.raises(NotReplayedError, match="erased"):
        replay(row, by="root")


def test_who_may_only_look_sees_no_body_and_replays_nothing(
    viewer: Client, shop: WriteKey, refuse: Refuse
) -> None:
    row = refuse(b'{"event": "secret words", "anonymousId": "v-1"}', visitor_id="v-1")
    page = viewer.get(page_of(row))
    assert page.status_code == 200
    assert "secret words" not in page.content.decode()
    assert viewer.post(page_of(row), {"body": GOOD.decode(), "key": "shop"}).status_code == 403
    viewer.post(LIST, {"action": "replay_selected", "_selected_action": [row.pk]})
    assert not spooled()


def test_the_list_filters_by_reason_source_and_whether_it_was_replayed(
    admin: Client, shop: WriteKey, refuse: Refuse
) -> None:
    refuse(GOOD, reason=Reason.CLOCK, visitor_id="visitor-one")
    refuse(GOOD, source="app", visitor_id="visitor-two")
    for query, one, two in (
        ("", True, True),
        ("?reason=clock", True, False),
        ("?source=app", False, True),
        ("?replayed=yes", False, False),
        ("?q=visitor-t", False, True),
    ):
        page = admin.get(LIST + query).content.decode()
        assert ("visitor-one" in page, "visitor-two" in page) == (one, two), query
