"""What a program, an admin and a shopper are told where there is nothing, or nothing for their method."""

import pytest
from django.contrib.auth.models import User
from django.test import AsyncClient, Client

pytestmark = pytest.mark.django_db


@pytest.fixture
def stranger() -> Client:
    """A program without a CSRF token, checked as the server checks it."""
    return Client(enforce_csrf_checks=True)


@pytest.mark.parametrize(
    "address", ["/v1/", "/v1/nonsense", "/api/", "/api/nonsense/", "/api/recommendations/nonsense/"]
)
@pytest.mark.parametrize("method", ["get", "post"])
def test_an_unknown_address_of_an_api_says_so_in_json(stranger: Client, address: str, method: str) -> None:
    response = getattr(stranger, method)(address)

    assert response.status_code == 404
    assert response.json() == {"detail": f"There is nothing at {address}: the addresses stand at /api/docs/."}
    assert not response.cookies


@pytest.mark.parametrize(
    ("method", "address", "allowed"),
    [
        ("get", "/v1/visitors/v-1", {"DELETE"}),
        ("post", "/api/recommendations/trending/", {"GET", "HEAD", "OPTIONS"}),
        ("post", "/api/schema/", {"GET", "HEAD", "OPTIONS"}),
        ("post", "/api/docs/", {"GET", "HEAD", "OPTIONS"}),
        ("post", "/healthz", {"GET", "HEAD"}),
        ("post", "/readyz", {"GET", "HEAD"}),
        ("post", "/metrics", {"GET", "HEAD"}),
    ],
)
def test_a_wrong_method_says_in_json_which_is_right(
    stranger: Client, method: str, address: str, allowed: set[str]
) -> None:
    response = getattr(stranger, method)(address)

    assert response.status_code == 405
    assert set(response["Allow"].split(", ")) == allowed
    assert response.json() == {
        "detail": f"{address} does not answer {method.upper()}: it accepts {response['Allow']}."
    }


async def test_it_is_the_same_under_asgi(async_client: AsyncClient) -> None:
    response = await async_client.get("/v1/visitors/v-1")
    assert (response.status_code, response.json()["detail"]) == (
        405,
        "/v1/visitors/v-1 does not answer GET: it accepts DELETE.",
    )


def test_the_shop_keeps_its_own_page(client: Client) -> None:
    assert "Washed away" in client.get("/apiary/").content.decode()


def test_an_admin_stays_in_the_admin(client: Client) -> None:
    client.force_login(User.objects.create_superuser("root", "root@example.org", "secret"))
    response = client.get("/admin/cluster/no-such-page/")
    page = response.content.decode()

    assert response.status_code == 404
    assert "There is nothing at /admin/cluster/no-such-page/." in page
    assert 'href="/admin/"' in page
    assert "Washed away" not in page
    assert client.post("/admin/spark/").content == b""
