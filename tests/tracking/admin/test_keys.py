from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tracking.models import CollectedMinute, WriteKey
from tracking.rotation import rotate

LIST = reverse("admin:tracking_writekey_changelist")
ADD = reverse("admin:tracking_writekey_add")
FORM = {
    "name": "app",
    "kind": "browser",
    "key": "a-key-of-at-least-16",
    "is_active": "on",
    "allowed_origins": "",
    "rate_limit": "",
}


def errors(admin: Client, **fields: str) -> dict[str, list[str]]:
    """What the form says of a key that it does not take."""
    response = admin.post(ADD, FORM | fields)
    assert response.status_code == 200, "it was taken"
    found: dict[str, list[str]] = response.context["adminform"].form.errors
    return found


def test_origins_are_kept_as_browsers_send_them(admin: Client) -> None:
    sites = "HTTPS://Shop.Example/ http://localhost:8000\nhttps://a.example:443,https://a.example"
    assert admin.post(ADD, FORM | {"allowed_origins": sites}).status_code == 302
    kept = WriteKey.objects.get().allowed_origins
    assert kept == ["https://shop.example", "http://localhost:8000", "https://a.example"]


@pytest.mark.parametrize(
    "site",
    [
        "shop.example",
        "ftp://shop.example",
        "https://shop.example/path",
        "https://*.example",
        "https://a:99999",
    ],
)
def test_what_is_no_site_is_refused(admin: Client, site: str) -> None:
    assert "allowed_origins" in errors(admin, allowed_origins=site)


@pytest.mark.parametrize(("field", "value"), [("name", "(other)"), ("name", "a\nb"), ("key", "short")])
def test_names_and_keys_have_a_form(admin: Client, field: str, value: str) -> None:
    assert field in errors(admin, **{field: value})


@pytest.mark.parametrize("field", ["may_erase", "may_backfill"])
def test_a_public_key_may_not_do_what_only_a_servers_may(admin: Client, field: str) -> None:
    assert field in errors(admin, **{field: "on"})
    assert admin.post(ADD, FORM | {field: "on", "kind": "server"}).status_code == 302


def test_a_servers_key_does_not_stand_in_pages(admin: Client) -> None:
    assert "for_pages" in errors(admin, kind="server", for_pages="on")


def test_the_list_shows_no_key_whole_and_its_page_does(admin: Client, shop: WriteKey) -> None:
    assert shop.key not in admin.get(LIST).content.decode()
    page = admin.get(reverse("admin:tracking_writekey_change", args=[shop.pk])).content.decode()
    assert f"<code data-copied>{shop.key}</code>" in page


def test_the_list_sums_what_the_collector_counted(admin: Client, shop: WriteKey) -> None:
    now = timezone.now()
    for minute, accepted, rejected in ((now, 1200, 7), (now - timedelta(days=2), 50_000, 9)):
        CollectedMinute.objects.create(
            minute=minute, source="shop", event="page", accepted=accepted, rejected=rejected
        )
    page = admin.get(LIST).content.decode()
    assert page.count("1,200 accepted") == page.count("7 rejected") == 2, "today and in the last hour"


def test_a_rotated_key_has_the_same_settings_and_the_old_one_stays_valid(shop: WriteKey) -> None:
    shop.allowed_origins = ["https://shop.example"]
    shop.rate_limit = 10
    shop.save()
    second, third = rotate(shop), rotate(shop)
    assert [second.name, third.name] == ["shop-2", "shop-3"]
    assert len({shop.key, second.key, third.key}) == 3
    assert (second.allowed_origins, second.rate_limit) == (["https://shop.example"], 10)
    assert second.for_pages
    assert WriteKey.objects.filter(is_active=True).count() == 3


def test_rotating_leads_to_the_new_key(admin: Client, shop: WriteKey) -> None:
    form = {"kind": "browser", "is_active": "on", "for_pages": "on", "allowed_origins": "", "rate_limit": ""}
    response = admin.post(
        reverse("admin:tracking_writekey_change", args=[shop.pk]),
        form | {"tracking_writekey_save_and_rotate": "1"},
        follow=True,
    )
    made = WriteKey.objects.get(name="shop-2")
    assert response.redirect_chain[-1][0] == reverse("admin:tracking_writekey_change", args=[made.pk])
    assert "switch that off" in response.content.decode()


def test_keys_are_switched_off_and_on(admin: Client, shop: WriteKey) -> None:
    for action, active in (("switch_off", False), ("switch_on", True)):
        response = admin.post(LIST, {"action": action, "_selected_action": [shop.pk]}, follow=True)
        shop.refresh_from_db()
        assert shop.is_active is active
        warned = "they track nothing" in response.content.decode()
        assert warned is not active, "the shop's pages have no other key"


def test_only_a_key_that_is_off_can_be_deleted(admin: Client, shop: WriteKey) -> None:
    address = reverse("admin:tracking_writekey_delete", args=[shop.pk])
    assert admin.post(address, {"post": "yes"}).status_code == 403
    WriteKey.objects.update(is_active=False)
    assert admin.post(address, {"post": "yes"}).status_code == 302
    assert not WriteKey.objects.exists()
