"""The admin's pages of models: side by side with their differences; promoted and dropped by who may."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client

from recommendations.models import Model, SimilarProducts
from streaming.models import Change
from streaming.tasks import promote_model

pytestmark = pytest.mark.django_db


@pytest.fixture
def second(db: None) -> Model:
    """A model with one table of its own, in which three products are similar to tea otherwise than in the live one."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA model_second")
        cursor.execute(
            "CREATE TABLE model_second.recommendations_similarproducts"
            " (LIKE public.recommendations_similarproducts INCLUDING ALL)"
        )
        cursor.execute(
            "INSERT INTO model_second.recommendations_similarproducts"
            " VALUES ('tea', now(), '{mug,spoon,new}', '{0.9,0.8,0.7}')"
        )
    SimilarProducts.objects.create(
        product_id="tea",
        as_of="2026-03-01T00:00:00Z",
        other_ids=["mug", "old", "spoon"],
        scores=[0.5, 0.4, 0.3],
    )
    return Model.objects.create(
        name="second",
        schema="model_second",
        state=Model.State.READY,
        parameters={"half_life": "30d", "weights": {"Product Clicked": 0.7}},
    )


def text(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200, f"{address}: {response.status_code}"
    return response.content.decode()


def test_the_models_with_what_was_asked_for(admin: Client, second: Model) -> None:
    page = text(admin, "/admin/models/")
    assert "half-life 30d, Product Clicked = 0.7" in page
    assert "/admin/models/second/promote/" in page
    assert "/admin/models/live/promote/" not in page


def test_side_by_side_with_the_differences_marked(admin: Client, second: Model) -> None:
    page = text(admin, "/admin/models/compared/?second=second&product=tea")
    assert "2 products are in both lists, 2 of them among the first ten of both." in page
    marks = [page.count(word) for word in ("same place", "not there", "place 3", "place 2")]
    assert marks == [2, 2, 1, 1]
    assert "nothing to show here" in text(admin, "/admin/models/compared/?second=second&product=unknown")
    assert "nothing to show here" in text(admin, "/admin/models/compared/?second=second&visitor=nobody")
    assert admin.get("/admin/models/compared/?second=none").status_code == 404
    with connection.cursor() as cursor:
        cursor.execute("SHOW search_path")
        assert "model_second" not in cursor.fetchone()[0]


def test_promoting_takes_the_models_name_and_is_written_down(
    admin: Client, second: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(promote_model, "delay", asked.append)
    address = "/admin/models/second/promote/"
    assert "so that it can be promoted back" in text(admin, address)

    seen = admin.get(address).context["seen"]
    refused = admin.post(address, {"seen": seen, "confirmation": "other"})
    assert (refused.status_code, asked) == (400, [])
    assert "nothing was done" in refused.content.decode()

    assert admin.post(address, {"seen": seen, "confirmation": "second"}).status_code == 302
    assert asked == ["second"]
    assert Model.objects.get(name="second").state == Model.State.PROMOTING
    change = Change.objects.get()
    assert (change.action, change.subject, change.state) == ("Promote a model", "second", "done")
    assert (change.before, change.after) == ({"state": "ready"}, {"state": "promoting"})


def test_what_cannot_be_promoted_or_dropped_is_said_on_the_page(admin: Client, second: Model) -> None:
    Model.objects.update(parameters={"until": "2026-01-01T00:00:00Z"})
    page = text(admin, "/admin/models/second/promote/")
    assert "make one without --until" in page
    assert "confirmation" not in page
    assert "promote another one first" in text(admin, "/admin/models/live/drop/")


def test_seeing_models_is_no_permission_to_act(client: Client, second: Model) -> None:
    user = User.objects.create_user("staff", password="x", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_model"))
    client.force_login(user)
    assert "second" in text(client, "/admin/models/")
    for verb in ("promote", "drop"):
        assert client.post(f"/admin/models/second/{verb}/", {"confirmation": "second"}).status_code == 403
    assert Model.objects.filter(name="second", state=Model.State.READY).exists()
