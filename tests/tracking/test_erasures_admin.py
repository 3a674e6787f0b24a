"""Erasures in the admin: an audit that nobody can change, and a page that erases whom one names twice."""

from http import HTTPStatus

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from tracking.models import Erasure, SpooledRecord

ERASE = "/admin/tracking/erasure/erase/"
LIST = "/admin/tracking/erasure/"

pytestmark = pytest.mark.django_db


@pytest.fixture
def clerk(client: Client) -> Client:
    """Somebody of the staff who may see what was erased."""
    user = User.objects.create_user("clerk", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_erasure"))
    client.force_login(user)
    return client


def test_an_admin_erases_the_visitor_that_they_name_twice(admin_client: Client) -> None:
    assert admin_client.get(ERASE).status_code == HTTPStatus.OK

    response = admin_client.post(ERASE, {"visitor_id": "v-1", "confirmation": "v-1"}, follow=True)

    erasure = Erasure.objects.get()
    assert (erasure.visitor_id, erasure.asked_by) == ("v-1", "admin")
    assert SpooledRecord.objects.get(key="v-1").value is None
    assert "Erased v-1." in response.content.decode()


@pytest.mark.parametrize("confirmation", ["", "v-2", "V-1", "v-1 "])
def test_an_id_that_is_not_repeated_erases_nobody(admin_client: Client, confirmation: str) -> None:
    response = admin_client.post(ERASE, {"visitor_id": "v-1", "confirmation": confirmation})

    assert response.status_code == HTTPStatus.OK
    assert not Erasure.objects.exists()


def test_who_may_see_erasures_may_not_erase(clerk: Client) -> None:
    assert clerk.get(LIST).status_code == HTTPStatus.OK
    assert clerk.get(ERASE).status_code == HTTPStatus.FORBIDDEN
    assert clerk.post(ERASE, {"visitor_id": "v-1", "confirmation": "v-1"}).status_code == HTTPStatus.FORBIDDEN
    assert not Erasure.objects.exists()


def test_the_audit_cannot_be_changed(admin_client: Client) -> None:
    erasure = Erasure.objects.create(visitor_id="v-1", asked_by="visitor", deleted={"tracking_visitorkey": 1})

    html = admin_client.get(LIST).content.decode()
    assert "v-1" in html
    assert "1 × tracking_visitorkey" in html
    assert ERASE in html
    assert admin_client.get(LIST + "add/").status_code == HTTPStatus.FORBIDDEN
    assert (
        admin_client.post(f"{LIST}{erasure.pk}/delete/", {"post": "yes"}).status_code == HTTPStatus.FORBIDDEN
    )
    assert (
        admin_client.post(f"{LIST}{erasure.pk}/change/", {"asked_by": "nobody"}).status_code
        == HTTPStatus.FORBIDDEN
    )
