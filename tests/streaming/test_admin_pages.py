from collections.abc import Iterator
from datetime import timedelta

import pytest
from confluent_kafka import Consumer, TopicPartition
from django.apps import apps
from django.contrib import admin as django_admin
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django.fixtures import Settings

from recommendations.experiments.models import Experiment
from recommendations.models import Pair, ProductCount, RankedProduct, SimilarProducts, VisitorList
from recommendations.rules.models import Rule
from streaming.alerts.models import AlertRule
from streaming.models import Batch, RejectedRecord
from streaming.topics import topic_name
from tests.streaming.conftest import Produce
from tests.streaming.rows import add_event, add_query, apply_batch

pytestmark = pytest.mark.django_db
CLUSTER = ["/admin/cluster/", "/admin/cluster/topics/", "/admin/cluster/groups/"]
MODEL = [f"/admin/model/{page}/" for page in ("in-use", "histories", "pairs", "ranked")]
LISTS = [
    reverse(f"admin:{model}_changelist")
    for model in (
        "streaming_batch",
        "streaming_rejectedrecord",
        "recommendations_visitorlist",
        "recommendations_similarproducts",
        "recommendations_productcount",
        "recommendations_eventweight",
        "recommendations_parameters",
        "recommendations_changedvisitor",
        "auth_user",
        "auth_group",
    )
]
PAGES = ["/admin/", "/admin/spark/", *CLUSTER, *MODEL, *LISTS]


def text(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200, f"{address}: {response.status_code}"
    return response.content.decode()


@pytest.mark.parametrize("address", PAGES)
def test_each_page_answers_while_nothing_is_there_yet(admin: Client, address: str) -> None:
    assert "Tributary" in text(admin, address)


def test_an_empty_table_does_not_propose_to_add_a_row(admin: Client) -> None:
    ledger = reverse("admin:streaming_batch_changelist")
    assert "No batch has been applied yet." in text(admin, ledger)
    assert "Create a new item" not in text(admin, ledger)
    assert "Nothing found." in text(admin, f"{ledger}?q=7")


def test_each_page_answers_without_kafka(admin: Client, away: str) -> None:
    query = add_query()
    apply_batch(query, "activity", {0: 3})
    for address in [*PAGES, "/admin/spark/activity/", "/admin/cluster/topics/activity/"]:
        text(admin, address)
    for address in ["/admin/", "/admin/spark/", "/admin/cluster/topics/activity/", *CLUSTER]:
        assert f"Kafka did not answer at {away} for 2 s" in text(admin, address)
    assert "Kafka not answering" in text(admin, reverse("admin:streaming_batch_changelist"))


@pytest.mark.parametrize("address", PAGES)
def test_nobody_sees_a_page_without_logging_in(client: Client, address: str) -> None:
    response = client.get(address)
    assert response.status_code == 302
    assert response["Location"].startswith("/admin/login/")


@pytest.mark.parametrize("address", [*CLUSTER, *MODEL, "/admin/spark/"])
def test_a_page_takes_its_permission(client: Client, address: str) -> None:
    user = User.objects.create_user("clerk", is_staff=True)
    client.force_login(user)
    assert client.get(address).status_code == 403
    user.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    assert client.get(address).status_code == 200


def test_the_dashboard_tells_a_clerk_nothing_of_the_cluster(client: Client) -> None:
    client.force_login(User.objects.create_user("clerk", is_staff=True))
    assert "Spark lag" not in text(client, "/admin/")


def test_a_topic_with_its_partitions_and_readers(
    admin: Client, topics: str, produce: Produce, settings: Settings
) -> None:
    topic = topic_name("activity")
    produce("activity", 2, 1234)
    apply_batch(add_query(), topic, {2: 1000})
    group = Consumer(settings.KAFKA_CLIENT | {"group.id": f"{topics}push"})
    group.commit(offsets=[TopicPartition(topic, 2, 1200)], asynchronous=False)
    group.close()

    assert topic in text(admin, "/admin/cluster/topics/")
    page = text(admin, f"/admin/cluster/topics/{topic}/")
    assert "1,234" in page  # the end
    assert ">activity</a>" in page
    assert "234" in page  # Spark's lag
    assert f"{topics}push" in page
    groups = text(admin, f"/admin/cluster/groups/{topics}push/")
    assert "1,200" in groups
    assert "34" in groups


@pytest.mark.parametrize(
    ("address", "told", "known_at"),
    [
        ("/admin/cluster/topics/nope/", "The cluster has no topic nope.", "/admin/cluster/topics/"),
        (
            "/admin/cluster/groups/nope/",
            "The cluster knows no consumer group nope.",
            "/admin/cluster/groups/",
        ),
        ("/admin/spark/nope/", "No Spark query nope has ever run.", "/admin/spark/"),
    ],
)
def test_a_page_of_nothing_says_what_is_unknown(
    admin: Client, address: str, told: str, known_at: str
) -> None:
    response = admin.get(address)
    page = response.content.decode()
    assert response.status_code == 404
    assert told in page
    assert f'href="{known_at}">See what there is' in page


def test_a_query_with_its_positions_and_batches(admin: Client, topics: str, produce: Produce) -> None:
    produce("activity", 1, 9)
    batch = apply_batch(add_query(error="java.lang.OutOfMemoryError"), topic_name("activity"), {1: 7})

    page = text(admin, "/admin/spark/activity/")

    assert "java.lang.OutOfMemoryError" in page
    assert reverse("admin:streaming_batch_change", args=[batch.pk]) in page
    assert topic_name("activity") in page


def test_the_ledger_says_whether_it_adds_up(admin: Client, topics: str, produce: Produce) -> None:
    produce("activity", 1, 9)
    apply_batch(add_query(), topic_name("activity"), {1: 7})
    ledger = reverse("admin:streaming_batch_changelist")
    assert "adds up" in text(admin, ledger)

    Batch.objects.update(events=5)
    from streaming import balance

    balance._known.clear()
    assert "+2 not accounted for" in text(admin, ledger)


def test_a_place_in_the_log_finds_its_batch(admin: Client) -> None:
    query = add_query()
    first = apply_batch(query, "shop-activity", {3: 10})
    second = apply_batch(query, "shop-activity", {3: 20})
    ledger = reverse("admin:streaming_batch_changelist")

    def found(search: str) -> set[int]:
        return {batch.pk for batch in admin.get(ledger, {"q": search}).context["cl"].result_list}

    assert found("shop-activity-3@9") == {first.pk}
    assert found("shop-activity-3@10") == {second.pk}
    assert found("shop-activity-3@20") == set()
    assert found(str(second.batch_id)) == {second.pk}
    assert found("nonsense") == set()
    assert found("99999999999999999999999") == set()


def test_a_batch_shows_its_offsets(admin: Client) -> None:
    batch = apply_batch(add_query(), "activity", {3: 1500})
    page = text(admin, reverse("admin:streaming_batch_change", args=[batch.pk]))
    assert "1,499" in page
    assert "read 2 ms, fold 12 ms" in page or "fold 12 ms, read 2 ms" in page


def test_a_visitors_list_is_a_table_with_its_trace(admin: Client) -> None:
    event = add_event("v-1", "mug-1", sent_after=timedelta(days=1))
    source = {
        "productId": "mug-1",
        "event": "Product Viewed",
        "eventId": event.event_id,
        "topic": "activity",
        "partition": 3,
        "offset": 17,
        "batchId": 0,
        "occurredAt": event.occurred_at.isoformat(),
        "receivedAt": event.received_at.isoformat(),
        "computedAt": event.computed_at.isoformat(),
    }
    VisitorList.objects.create(
        visitor_id="v-1",
        version=1,
        as_of=event.computed_at,
        items=[{"productId": "lamp-7", "score": 0.12345, "because": 0, "moved": 0}],
        events=[source],
    )

    page = text(admin, reverse("admin:recommendations_visitorlist_change", args=["v-1"]))

    for expected in ("lamp-7", "0.1235", "Product Viewed: mug-1", "activity-3@17", event.event_id, "250 ms"):
        assert expected in page
    assert "q=activity-3%4017" in page
    assert "&quot;productId&quot;" not in page


def test_the_model_can_be_searched(admin: Client) -> None:
    add_event("v-1", "mug-1")
    add_event("v-2", "mug-2")
    Pair.objects.create(product_id="mug-1", other_id="lamp-1", positive=1.25, negative=0)
    Pair.objects.create(product_id="mug-2", other_id="lamp-2", positive=1, negative=0)

    histories = text(admin, "/admin/model/histories/?q=v-1")
    assert "mug-1" in histories
    assert "mug-2" not in histories
    pairs = text(admin, "/admin/model/pairs/?q=mug-1")
    assert "1.250" in pairs
    assert "lamp-2" not in pairs
    assert "Nothing found for" in text(admin, "/admin/model/pairs/?q=nope")


def test_a_long_table_is_paged_and_not_counted(admin: Client) -> None:
    Pair.objects.bulk_create(
        Pair(product_id=f"p{number:03d}", other_id="q", positive=1, negative=0) for number in range(101)
    )
    with CaptureQueriesContext(
        connection,
    ) as queries:
        first = text(admin, "/admin/model/pairs/")
    assert not any("COUNT(" in query["sql"] for query in queries if "recommendations_pair" in query["sql"])
    assert "p049" in first
    assert "p050" not in first
    assert "?p=2" in first
    last = text(admin, "/admin/model/pairs/?p=3")
    assert "p100" in last
    assert "?p=4" not in last
    assert "p000" in text(admin, "/admin/model/pairs/?p=none")


def test_the_products_lists(admin: Client) -> None:
    event = add_event()
    SimilarProducts.objects.create(product_id="mug-1", as_of=event.computed_at, other_ids=["b"], scores=[0.5])
    ProductCount.objects.create(product_id="mug-1", positive=2, negative=0)
    RankedProduct.objects.create(
        kind="trending", rank=1, product_id="hot-1", score=3, as_of=event.computed_at
    )

    assert "0.5000" in text(admin, reverse("admin:recommendations_similarproducts_change", args=["mug-1"]))
    assert "2.000" in text(admin, reverse("admin:recommendations_productcount_changelist"))
    assert "hot-1" in text(admin, "/admin/model/ranked/")


OPERATED = {AlertRule, Experiment, Rule}
"""What is the operator's own to write."""


def read_only_admins() -> Iterator[str]:
    for label in ("streaming", "recommendations"):
        for model in apps.get_app_config(label).get_models():
            if django_admin.site.is_registered(model) and model not in OPERATED:
                yield model._meta.label_lower


@pytest.mark.parametrize("label", list(read_only_admins()))
def test_even_a_superuser_only_reads(label: str, rf: RequestFactory, db: None) -> None:
    model_admin = django_admin.site._registry[apps.get_model(label)]
    request = rf.get("/")
    request.user = User(is_superuser=True, is_active=True)
    assert model_admin.has_view_permission(request)
    assert not model_admin.has_add_permission(request)
    assert not model_admin.has_change_permission(request)
    assert not model_admin.has_delete_permission(request)
    assert not model_admin.get_actions(request)


def test_a_batch_cannot_be_changed_by_post(admin: Client) -> None:
    batch = apply_batch(add_query(), "activity", {0: 4})
    RejectedRecord.objects.create(batch=batch, topic="activity", partition=0, offset=1, reason="not JSON")

    change = reverse("admin:streaming_batch_change", args=[batch.pk])
    assert admin.post(change, {"events": "99"}).status_code == 403
    assert (
        admin.post(reverse("admin:streaming_batch_delete", args=[batch.pk]), {"post": "yes"}).status_code
        == 403
    )
    batch.refresh_from_db()
    assert batch.events == 4
