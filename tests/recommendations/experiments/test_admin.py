"""An experiment from its draft to its verdict, as somebody sees it in the admin; and the lists in use."""

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone

from recommendations.experiments.models import Experiment, ExperimentArm, Exposure, ExposureHour
from recommendations.in_use.models import ListHour, ListVisitor
from recommendations.models import FoldedMinute, Model
from recommendations.rules.models import Rule
from streaming.rebuild.beside import RefusedError, drop, why_not_promoted
from tests.recommendations.experimenting import running
from tests.streaming.conftest import admin

__all__ = ["admin"]

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
NOW = timezone.now().replace(minute=0, second=0, microsecond=0)
ADDRESS = "/admin/recommendations/experiment/"


def text(client: Client, address: str) -> str:
    """What a page says, without its markup."""
    response = client.get(address)
    assert response.status_code == 200, response.content[:500]
    content = re.sub(r"<(script|style).*?</\1>", " ", response.content.decode(), flags=re.DOTALL)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", content)))


def draft(**changes: Any) -> Experiment:
    experiment = running(**{"starts_at": None, "list_ids": ["recommended"]} | changes)
    experiment.arms.update(model="")
    return experiment


def at_work(visitors: int, clicked: tuple[int, int], *, needed: int = 1000, hours: int = 48) -> Experiment:
    """Started so many hours ago; all its visitors came in the first hour."""
    experiment = running(starts_at=NOW - hours * HOUR, visitors_needed=needed)
    for arm, clicks in zip(experiment.arms.all(), clicked, strict=True):
        ExposureHour.objects.create(
            arm_id=arm.pk, hour=NOW - hours * HOUR, visitors=visitors, clicked=clicks, converted=0
        )
    FoldedMinute.objects.create(minute=NOW, source="", event="page", events=1, duplicates=0, left_out=0)
    return experiment


def said(client: Client) -> list[str]:
    return [entry.get_change_message() for entry in LogEntry.objects.order_by("action_time")]


def test_a_draft_says_what_it_will_take_and_is_started_once_confirmed(admin: Client) -> None:
    experiment = draft()
    for number in range(300):
        ListVisitor.objects.create(
            visitor_id=f"v{number}", list_id="recommended", last_seen_at=timezone.now()
        )
    address = f"{ADDRESS}{experiment.pk}/"
    assert "It needs 686 visitors in each arm. 300 visitors saw its lists in the last week" in text(
        admin, f"{address}change/"
    )
    page = text(admin, f"{address}start/")
    assert "It is decided by 686 visitors in each arm." in page
    experiment.refresh_from_db()
    assert experiment.starts_at is None, "looking starts nothing"

    admin.post(f"{address}start/")
    experiment.refresh_from_db()
    assert experiment.visitors_needed == 686
    assert experiment.starts_at is not None
    assert timezone.now() < experiment.starts_at < timezone.now() + timedelta(seconds=10)
    assert said(admin) == ["Started; decided by 686 visitors in each arm."]


def test_an_experiment_is_made_in_the_admin(admin: Client) -> None:
    Rule.objects.create(name="Spring first", kind=Rule.Kind.BOOST, factor=2, in_set="spring")
    Model.objects.create(name="half", schema="model_half", state=Model.State.READY)
    Model.objects.create(name="new", schema="model_new")
    page = admin.get(f"{ADDRESS}add/").content.decode()
    assert '<option value="spring">' in page
    assert '<option value="half">' in page
    assert '<option value="new">' not in page, "it is not ready"
    form = {
        "name": "New",
        "hypothesis": "It helps.",
        "list_ids": "recommended,cart",
        "metric": "conversion",
        "baseline": "0.05",
        "effect": "0.2",
        "window": "1 00:00:00",
        "arms-TOTAL_FORMS": "2",
        "arms-INITIAL_FORMS": "0",
        "arms-0-name": "as now",
        "arms-0-control": "on",
        "arms-0-share": "50",
        "arms-0-parameters": "{}",
        "arms-1-name": "new rules",
        "arms-1-share": "50",
        "arms-1-rules": "spring",
        "arms-1-parameters": '{"exploration": 0.1}',
    }
    response = admin.post(f"{ADDRESS}add/", form)
    assert response.status_code == 302, response.content.decode()
    experiment = Experiment.objects.get()
    assert (experiment.list_ids, experiment.window) == (["recommended", "cart"], timedelta(days=1))
    assert [(arm.name, arm.control, arm.rules) for arm in experiment.arms.all()] == [
        ("as now", True, ""),
        ("new rules", False, "spring"),
    ]
    assert len(LogEntry.objects.all()) == 1


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"shares": (50,)}, "two arms or more"),
        ({"shares": (60, 60)}, "more than 100%"),
        ({"baseline": 0.8, "effect": 0.5}, "more than every visitor"),
        ({"list_ids": []}, "names no list"),
        ({"list_ids": ["recommended", "home"]}, "No arm changes the list home"),
        ({"rules": "nowhere"}, "No rule is in the set nowhere"),
        ({"model": "unheard-of"}, "No model unheard-of is ready"),
    ],
)
def test_what_cannot_be_decided_is_not_started(admin: Client, changes: dict[str, Any], problem: str) -> None:
    experiment = draft(**{name: value for name, value in changes.items() if name not in ("model", "rules")})
    ExperimentArm.objects.update(model=changes.get("model", ""), rules=changes.get("rules", ""))
    admin.post(f"{ADDRESS}{experiment.pk}/start/")
    experiment.refresh_from_db()
    assert experiment.starts_at is None
    assert problem in text(admin, f"{ADDRESS}{experiment.pk}/start/")
    assert said(admin) == []


def test_what_runs_cannot_be_changed_or_deleted(admin: Client) -> None:
    experiment = at_work(10, (1, 1))
    address = f"{ADDRESS}{experiment.pk}/"
    admin.post(f"{address}change/", {"name": "Other", "arms-TOTAL_FORMS": "0", "arms-INITIAL_FORMS": "0"})
    admin.post(f"{address}delete/", {"post": "yes"})
    admin.post(f"{address}start/")
    experiment.refresh_from_db()
    assert experiment.name == "more pictures"
    assert experiment.arms.count() == 2
    assert experiment.starts_at == NOW - 48 * HOUR


def test_before_the_criterion_nothing_is_found_and_a_stop_is_refused(admin: Client) -> None:
    experiment = at_work(500, (10, 200))
    address = f"{ADDRESS}{experiment.pk}/"
    page = text(admin, f"{address}change/")
    assert "Its criterion is 1,000 visitors in each arm whose window is over; there are a: 500" in page
    assert "better" not in page.partition("Challenger")[2]
    assert "+38" not in page, "nor what would tempt"

    assert "give up" in text(admin, f"{address}stop/").lower()
    response = admin.post(f"{address}stop/", follow=True)
    assert "Not stopped. Its criterion is 1,000 visitors" in response.content.decode()
    experiment.refresh_from_db()
    assert experiment.stops_at is None
    assert said(admin) == []


def test_what_is_given_up_stays_undecided(admin: Client) -> None:
    experiment = at_work(500, (10, 200))
    address = f"{ADDRESS}{experiment.pk}/"
    admin.post(f"{address}stop/", {"give_up": "yes"})
    experiment.refresh_from_db()
    assert experiment.stops_at is not None
    assert experiment.verdict is not None
    assert experiment.verdict["findings"] == {"b": "not decided"}
    assert said(admin) == ["Stopped: given up before its criterion, not decided."]
    ExposureHour.objects.update(visitors=5000)
    Experiment.objects.update(stops_at=NOW)
    assert "It was given up before its criterion was reached, and stays so." in text(
        admin, f"{address}change/"
    )


def test_at_the_criterion_it_says_what_was_found_and_stops(admin: Client) -> None:
    experiment = at_work(1000, (100, 150))
    address = f"{ADDRESS}{experiment.pk}/"
    page = text(admin, f"{address}change/")
    assert "decided By the visitors who came before" in page
    assert "+5.00" in page
    assert "better" in page
    assert "The arms came out as their shares ask (p = 1.00)." in page
    admin.post(f"{address}stop/")
    experiment.refresh_from_db()
    assert experiment.verdict is not None
    assert experiment.verdict["findings"] == {"b": "better"}
    assert experiment.verdict["arms"] == {"a": [100, 1000], "b": [150, 1000]}
    assert said(admin) == ["Stopped: decided."]
    assert "b: better" in text(admin, ADDRESS)


def test_uneven_arms_are_a_plain_warning(admin: Client) -> None:
    experiment = at_work(1000, (100, 150))
    ExposureHour.objects.filter(arm_id=experiment.arms.latest("pk").pk).update(visitors=1200)
    page = text(admin, f"{ADDRESS}{experiment.pk}/change/")
    assert "The arms came out uneven: less than once in 1,000 times by chance" in page


def test_a_model_that_is_compared_is_not_dropped_nor_promoted() -> None:
    experiment = at_work(10, (1, 1))
    experiment.arms.filter(control=False).update(model="half")
    half = Model.objects.create(name="half", schema="model_half", state=Model.State.READY)
    with pytest.raises(RefusedError, match="more pictures"):
        drop("half")
    assert "more pictures" in why_not_promoted(half)
    Experiment.objects.update(stops_at=NOW)
    assert why_not_promoted(half) == ""


def test_whoever_may_only_look_starts_and_stops_nothing(client: Client) -> None:
    clerk = User.objects.create_user("clerk", is_staff=True)
    clerk.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    client.force_login(clerk)
    experiment = at_work(1000, (100, 150))
    assert "By the visitors who came before" in text(client, f"{ADDRESS}{experiment.pk}/change/")
    assert client.post(f"{ADDRESS}{experiment.pk}/stop/").status_code == 403
    assert not Exposure.objects.exists()


# -- In use ----------------------------------------------------------------------------------------------------
def counted(list_id: str, position: int, *counts: int, hours_ago: int = 1) -> None:
    ListHour.objects.create(
        hour=NOW - hours_ago * HOUR,
        list_id=list_id,
        position=position,
        **dict(zip(("impressions", "clicks", "conversions"), counts, strict=True)),
    )


def test_lists_with_their_rates_and_positions(admin: Client) -> None:
    counted("home", 1, 200, 20, 2)
    counted("home", 2, 200, 10, 0)
    counted("home", 2, 1000, 10, 0, hours_ago=24 * 8)
    counted("cart", 1, 10, 1, 0)
    counted("odd", 0, 5, 90, 3)
    ListVisitor.objects.create(visitor_id="v", list_id="home", last_seen_at=NOW)
    ListVisitor.objects.create(visitor_id="w", list_id="home", last_seen_at=NOW - timedelta(days=9))

    page = text(admin, "/admin/model/in-use/")
    assert "home 400 1 30 7.5% 5.3% to 10.5% 2 6.7% 1.8% to 21.3%" in page
    assert "cart 10 0 1 too few 0 too few" in page
    assert "odd 5 0 90 not a share 3 3.3%" in page
    assert "2 200 10 5.0% 2.7% to 9.0%" in page, "by position"

    longer = text(admin, "/admin/model/in-use/?range=30d&list=cart")
    assert "home 1,400 2 40" in longer
    assert "cart, by position" in longer
    assert "Too little was seen of this list for a chart" in longer


def test_without_anything_seen_there_is_no_number(admin: Client) -> None:
    page = text(admin, "/admin/model/in-use/?range=nonsense&list=%00")
    assert "Nothing has been seen of any list in this time." in page
    assert "%" not in page.partition("Nothing has been seen")[0].rpartition("In use")[2]


def test_definitions_stand_on_the_columns(admin: Client) -> None:
    counted("home", 1, 200, 20, 2)
    page = admin.get("/admin/model/in-use/").content.decode()
    assert page.count('<abbr class="cursor-help') == 13
    assert "at least half in view for a second" in unescape(page)
