"""The admin's page of rules: what a form accepts, its effect before it is saved, and who changed what."""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from recommendations.rules.form import RuleForm
from recommendations.rules.models import Rule
from recommendations.selectors import list_for_visitor
from tests.conftest import Connection
from tests.recommendations.conftest import Rank
from tests.recommendations.folding import browse
from tests.recommendations.test_visitor_lists import ids

Kind = Rule.Kind


@pytest.fixture
def shop(model: Connection, goods: None, rank: Rank) -> None:
    browse(model, "w1: tea-1 mug-1", "w2: tea-1 mug-1", "w3: tea-1 cake-1")
    browse(model, "v: tea-1", batch=2)
    rank(popular=["cake-5"])


def values(kind: str, **more: Any) -> dict[str, Any]:
    return {"name": "No mugs", "kind": kind, "is_active": "on"} | more


@pytest.mark.parametrize(
    ("kind", "more", "wrong"),
    [
        (Kind.HIDE, {}, "__all__"),
        (Kind.HIDE, {"factor": "2"}, "__all__"),
        (Kind.HIDE, {"products": "mug-1, no-such"}, "products"),
        (Kind.HIDE, {"categories": ["no-such"]}, "categories"),
        (Kind.ONLY, {"price_from": "9", "price_to": "3"}, "price_to"),
        (Kind.BOOST, {"categories": ["mug"]}, "factor"),
        (Kind.BOOST, {"categories": ["mug"], "factor": "0"}, "factor"),
        (Kind.BOOST, {"categories": ["mug"], "factor": "1e9"}, "factor"),
        (Kind.PIN, {"place": "1"}, "products"),
        (Kind.PIN, {"products": "mug-1"}, "place"),
        (Kind.PIN, {"products": "mug-1", "place": "0"}, "place"),
        (Kind.DIVERSITY, {}, "most"),
        (Kind.BAND, {}, "__all__"),
        (Kind.HIDE, {"bought": "on", "starts_at": "2026-02-02", "ends_at": "2026-02-01"}, "ends_at"),
        (Kind.HIDE, {"bought": "on", "lists": ["no-such"]}, "lists"),
    ],
)
def test_what_cannot_hold_is_refused(shop: None, kind: str, more: dict[str, Any], wrong: str) -> None:
    form = RuleForm(values(kind, **more))
    assert wrong in form.errors


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        (Kind.HIDE, {"in_basket": "on"}),
        (Kind.ONLY, {"categories": ["mug", "tea"], "price_to": "20"}),
        (Kind.BOOST, {"products": "mug-1\nmug-2", "factor": "0.5"}),
        (Kind.PIN, {"products": "mug-1", "place": "3"}),
        (Kind.DIVERSITY, {"most": "2"}),
        (Kind.BAND, {"price_from": "0.5", "price_to": "2"}),
    ],
)
def test_each_kind_is_accepted_with_what_it_takes(shop: None, kind: str, more: dict[str, Any]) -> None:
    form = RuleForm(values(kind, **more))
    assert form.errors == {}
    assert form.save().kind == kind


def test_what_another_kind_takes_is_not_kept(shop: None) -> None:
    form = RuleForm(values(Kind.DIVERSITY, most="2", products="mug-1", factor="3", bought="on"))
    rule = form.save()
    assert (rule.products, rule.factor, rule.bought, rule.most) == ([], None, False, 2)


def test_effect_is_shown_before_anything_is_saved(shop: None, admin_client: Client) -> None:
    Rule.objects.create(name="Cakes first", kind=Kind.BOOST, categories=["cake"], factor=9)
    before = ids(list_for_visitor("v"))
    asked = values(Kind.HIDE, categories=["mug"], effect_list="visitor", effect_example="v", effect_rule="")

    answer = admin_client.post(reverse("admin:recommendations_rule_effect"), asked)

    preview = answer.context["preview"]
    assert [item["productId"] for item in preview.before] == before == ["cake-1", "mug-1", "cake-5"]
    assert [item["productId"] for item in preview.after] == ["cake-1", "cake-5"]
    assert {effect.product_id: effect.said for effect in preview.effects} == {
        "mug-1": "left out by No mugs",
        "cake-1": "weighed by Cakes first",
        "cake-5": "weighed by Cakes first",
    }
    assert "Mug number 1" in answer.content.decode()
    assert Rule.objects.count() == 1
    assert ids(list_for_visitor("v")) == before


def test_draft_stands_in_place_of_its_saved_self(shop: None, admin_client: Client) -> None:
    rule = Rule.objects.create(name="No mugs", kind=Kind.HIDE, categories=["mug"])
    asked = values(Kind.PIN, products="mug-5", place="1", effect_example="v", effect_rule=str(rule.pk))
    preview = admin_client.post(reverse("admin:recommendations_rule_effect"), asked).context["preview"]
    assert [item["productId"] for item in preview.before] == ["cake-1", "cake-5"]
    assert [item["productId"] for item in preview.after] == ["mug-5", "mug-1", "cake-1", "cake-5"]


@pytest.mark.parametrize(
    "list_name", ["similar", "products", "trending", "new", "again", "recent", "together"]
)
def test_effect_on_every_list(shop: None, admin_client: Client, list_name: str) -> None:
    asked = values(Kind.HIDE, categories=["mug"], effect_list=list_name)
    answer = admin_client.post(reverse("admin:recommendations_rule_effect"), asked)
    assert answer.status_code == 200
    assert not any("mug" in item["productId"] for item in answer.context["preview"].after)


def test_form_that_is_not_complete_says_what_is_missing(shop: None, admin_client: Client) -> None:
    answer = admin_client.post(
        reverse("admin:recommendations_rule_effect"), values(Kind.BOOST, categories=["mug"])
    )
    assert "factor" in answer.content.decode()
    assert "preview" not in answer.context


def test_effect_takes_the_permission_to_set_rules(shop: None, client: Client, django_user_model: Any) -> None:
    user = django_user_model.objects.create_user("clerk", password="x", is_staff=True)
    client.force_login(user)
    assert client.post(reverse("admin:recommendations_rule_effect"), values(Kind.HIDE)).status_code == 403


def test_rule_is_set_changed_and_taken_back_with_a_history(shop: None, admin_client: Client) -> None:
    page = reverse("admin:recommendations_rule_add")
    assert "Its effect" in admin_client.get(page).content.decode()
    empty = {f"{name}_{part}": "" for name in ("starts_at", "ends_at") for part in (0, 1)}
    answer = admin_client.post(page, values(Kind.HIDE, categories=["mug"]) | empty)
    assert answer.status_code == 302, answer.context["errors"]
    rule = Rule.objects.get()
    assert ids(list_for_visitor("v")) == ["cake-1", "cake-5"]
    change = reverse("admin:recommendations_rule_change", args=[rule.pk])
    admin_client.post(change, values(Kind.HIDE, categories=["cake"]) | empty)
    assert ids(list_for_visitor("v")) == ["mug-1"]
    admin_client.post(reverse("admin:recommendations_rule_delete", args=[rule.pk]), {"post": "yes"})
    assert ids(list_for_visitor("v")) == ["mug-1", "cake-1", "cake-5"]
    assert list(LogEntry.objects.order_by("pk").values_list("action_flag", flat=True)) == [1, 2, 3]
    assert "No mugs" in str(LogEntry.objects.latest("pk"))
