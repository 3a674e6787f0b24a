"""Imports in the admin: checked first, imported with one press more, and told with lines and fields."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, connection
from django.test import Client
from django.urls import reverse
from kombu.exceptions import OperationalError
from pytest_django import DjangoCaptureOnCommitCallbacks

from shop import tasks
from shop.importing import running
from shop.importing.models import SILENT, CatalogueImport
from shop.importing.running import Told, run
from shop.models import Product

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_shop")]

ADD = "admin:shop_catalogueimport_add"
GOOD = b"product_id,name,price,category,shelf\na,Mug,1.50,Mugs,7\n"
State = CatalogueImport.State


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker is this process."""
    monkeypatch.setattr(tasks.import_catalogue, "delay", run)


@pytest.fixture
def give(
    admin_client: Client, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> Callable[..., str]:
    def give(content: bytes, name: str = "mine.csv", dry_run: bool = True) -> str:
        """Uploads a file; returns the page of its import, once it is over."""
        form = {"file": SimpleUploadedFile(name, content)} | ({"dry_run": "on"} if dry_run else {})
        with django_capture_on_commit_callbacks(execute=True):
            answer = admin_client.post(reverse(ADD), form)
        assert answer.status_code == 302
        return str(admin_client.get(answer.headers["Location"]).content.decode())

    return give


def test_a_dry_run_is_shown_and_then_imported_with_one_press(
    give: Callable[..., str],
    admin_client: Client,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    html = give(GOOD)
    assert "Dry run: nothing was written" in html
    assert "1 products added" in html
    assert "Ignored, since nothing here is called so: shelf" in html
    assert not Product.objects.exists()

    with django_capture_on_commit_callbacks(execute=True):
        answer = admin_client.post(reverse("admin:import-go-on", args=[CatalogueImport.objects.get().pk]))

    assert "Imported." in admin_client.get(answer.headers["Location"]).content.decode()
    assert Product.objects.get().product_id == "a"
    newest = CatalogueImport.objects.latest("pk")
    assert (newest.dry_run, newest.content) == (False, None), "the file is not kept for ever"


def test_each_mistake_is_shown_with_line_and_field(give: Callable[..., str]) -> None:
    html = give(b"product_id,name,price,category\na,Mug,x,Mugs\nb,,1,Mugs\n", dry_run=False)
    assert "Nothing was imported: 2 mistakes" in html
    assert "<td>2</td><td>price</td>" in html
    assert "<td>3</td><td>name</td><td>is empty</td>" in html
    assert not Product.objects.exists()


def test_what_a_file_says_is_escaped(give: Callable[..., str]) -> None:
    html = give(b"product_id,name,price,category\n<script>alert(1)</script>,Mug,1,Mugs\n")
    assert "&lt;script&gt;alert(1)" in html
    assert "<script>alert(1)" not in html


def test_while_it_runs_its_progress_is_shown(admin_client: Client) -> None:
    asked = CatalogueImport.objects.create(name="a.csv", state=State.RUNNING)
    Told(connection, asked.pk)("Writing", 500, 1200)
    html = admin_client.get(reverse("admin:import-course", args=[asked.pk])).content.decode()
    assert '<progress value="500" max="1200">' in html
    assert "data-over" not in html


def test_one_whose_worker_died_is_said_to_be_silent(admin_client: Client) -> None:
    asked = CatalogueImport.objects.create(name="a.csv", state=State.RUNNING)
    CatalogueImport.objects.filter(pk=asked.pk).update(heard_at=asked.heard_at - 2 * SILENT)
    html = admin_client.get(reverse("admin:import-course", args=[asked.pk])).content.decode()
    assert "Nothing has been heard of it" in html
    assert "data-over" in html


def test_an_import_is_run_once_however_often_it_is_delivered() -> None:
    asked = CatalogueImport.objects.create(name="a.csv", content=GOOD, dry_run=False)
    run(asked.pk)
    Product.objects.all().delete()
    run(asked.pk)
    assert not Product.objects.exists()


def test_a_database_that_refuses_is_told_and_nothing_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_: Any, **__: Any) -> None:
        raise DatabaseError("gone")

    monkeypatch.setattr(running, "import_catalogue", breaks)
    asked = CatalogueImport.objects.create(name="a.csv", content=GOOD, dry_run=False)
    run(asked.pk)
    asked.refresh_from_db()
    assert (asked.state, asked.failure) == (State.FAILED, "gone")


def test_without_valkey_it_says_that_no_worker_could_be_told(
    give: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_: int) -> None:
        raise OperationalError("refused")

    monkeypatch.setattr(tasks.import_catalogue, "delay", away)
    assert "No worker could be told" in give(GOOD)


def test_importing_takes_its_permission(client: Client) -> None:
    clerk = User.objects.create_user("clerk", is_staff=True)
    clerk.user_permissions.add(Permission.objects.get(codename="view_catalogueimport"))
    client.force_login(clerk)
    asked = CatalogueImport.objects.create(name="a.csv", content=GOOD, state=State.DONE)
    assert client.get(reverse("admin:import-course", args=[asked.pk])).status_code == 200
    assert client.get(reverse(ADD)).status_code == 403
    assert client.post(reverse("admin:import-go-on", args=[asked.pk])).status_code == 403
    client.force_login(User.objects.create_user("other", is_staff=True))
    assert client.get(reverse("admin:import-course", args=[asked.pk])).status_code == 403
