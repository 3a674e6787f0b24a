"""From the basket to the paid order, over the pages."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from shop.models import Product, Wish
from shop.orders.models import OrderView, PretendCharge
from tests.shop.orders.customers import ADDRESS, add, check_out, hidden_fields, order_of, pay

pytestmark = pytest.mark.usefixtures("stocked_shop")


@pytest.fixture
def mug() -> Product:
    Product.objects.filter(product_id="mug-001").update(stock=9)
    return Product.objects.get(product_id="mug-001")


def said(answer: object) -> str:
    return answer.content.decode()  # type: ignore[attr-defined,no-any-return]


def stock_of(product: Product) -> int:
    product.refresh_from_db()
    return product.stock


def test_what_is_added_stands_in_the_basket_and_in_the_header(client: Client, mug: Product) -> None:
    add(client, "mug-001", 2)
    page = said(add(client, "mug-001"))

    assert mug.name in page
    assert "3 things. They are reserved" in page
    assert '<span class="tool__count">3' in said(client.get("/"))


def test_an_order_reserves_its_goods_and_a_payment_sells_them(client: Client, mug: Product) -> None:
    add(client, "mug-001", 2)
    order = order_of(check_out(client))

    assert (order.status, order.total, stock_of(mug)) == ("placed", 2 * mug.price, 7)
    assert "It is empty." in said(client.get("/cart/"))

    page = said(pay(client, order))
    order.refresh_from_db()
    assert (order.status, stock_of(mug)) == ("paid", 7)
    assert "Paid. Thank you." in page
    timeline = page.partition("What happened")[2]
    assert timeline.index("Ordered; the goods") < timeline.index("Payment sent") < timeline.index("Paid")
    assert order.number in said(client.get("/orders/"))


def test_a_payment_that_fails_can_be_tried_again_and_charges_once(client: Client, mug: Product) -> None:
    add(client, "mug-001")
    order = order_of(check_out(client))

    assert "nothing was charged" in said(pay(client, order, "declined"))
    assert "Paid. Thank you." in said(pay(client, order))
    assert list(PretendCharge.objects.order_by("at").values_list("answer", flat=True)) == [
        "declined",
        "charged",
    ]


@pytest.mark.parametrize(("card", "outcome"), [("silent", "paid"), ("unreached", "placed")])
def test_a_bank_that_does_not_answer_is_asked_what_it_did(
    card: str, outcome: str, client: Client, mug: Product
) -> None:
    add(client, "mug-001")
    order = order_of(check_out(client))

    page = said(pay(client, order, card))
    assert "do not pay again" in page
    assert "Waiting for the bank" in page

    client.post(f"{order.get_absolute_url()}settle/")
    order.refresh_from_db()
    assert order.status == outcome


def test_a_pay_button_clicked_twice_charges_once(client: Client, mug: Product) -> None:
    add(client, "mug-001")
    order = order_of(check_out(client))
    key = hidden_fields(said(client.get(order.get_absolute_url())))["key"]

    for _ in range(2):
        pay(client, order, key=key)

    assert PretendCharge.objects.filter(order_id=order.order_id, answer="charged").count() == 1


def test_an_order_sent_twice_is_one_order(client: Client, mug: Product) -> None:
    add(client, "mug-001")
    seen = hidden_fields(said(client.get("/checkout/")))
    sent = ADDRESS | {"basket": seen["basket"], "total": seen["total"]}

    first, second = client.post("/checkout/", sent), client.post("/checkout/", sent)

    assert first.headers["Location"] == second.headers["Location"]
    assert OrderView.objects.count() == 1
    assert stock_of(mug) == 8


def test_of_two_who_want_the_last_one_wins_and_the_other_is_told(mug: Product) -> None:
    Product.objects.filter(pk=mug.pk).update(stock=1)
    fast, slow = Client(), Client()
    for browser in (fast, slow):
        add(browser, "mug-001")
    seen = hidden_fields(said(slow.get("/checkout/")))
    order_of(check_out(fast))

    answer = slow.post("/checkout/", ADDRESS | {n: seen[n] for n in ("basket", "total")}, follow=True)

    assert "Somebody was faster" in said(answer)
    assert "none left" in said(answer)
    assert OrderView.objects.count() == 1
    assert stock_of(mug) == 0


def test_a_basket_changed_in_another_tab_is_not_changed_again(client: Client, mug: Product) -> None:
    add(client, "mug-001")
    old = hidden_fields(said(client.get("/cart/")))["basket"]
    add(client, "mug-001")

    answer = client.post(
        "/cart/change/", {"product_id": "mug-001", "quantity": "5", "basket": old}, follow=True
    )

    assert "changed in another tab" in said(answer)
    assert "2 things" in said(answer)


def test_an_order_of_an_older_basket_or_price_is_not_placed(client: Client, mug: Product) -> None:
    add(client, "mug-001")
    seen = hidden_fields(said(client.get("/checkout/")))
    Product.objects.filter(pk=mug.pk).update(price=mug.price + 1)

    answer = client.post("/checkout/", ADDRESS | {n: seen[n] for n in ("basket", "total")}, follow=True)

    assert "changed" in said(answer)
    assert not OrderView.objects.exists()


def test_a_quantity_can_be_changed_and_a_line_removed(client: Client, mug: Product) -> None:
    add(client, "mug-001")
    for quantity, shown in (("4", "4 things"), ("0", "It is empty")):
        seen = hidden_fields(said(client.get("/cart/")))["basket"]
        answer = client.post(
            "/cart/change/", {"product_id": "mug-001", "quantity": quantity, "basket": seen}, follow=True
        )
        assert shown in said(answer)


def test_a_wrong_address_is_said_beside_its_field(client: Client, mug: Product) -> None:
    add(client, "mug-001")
    answer = check_out(client, postcode="?", name="")

    assert answer.status_code == 400
    assert "A postcode has two to ten letters" in said(answer)
    assert said(answer).count('class="errorlist"') == 2
    assert not OrderView.objects.exists()


def test_a_cancelled_order_gives_its_goods_back(client: Client, mug: Product) -> None:
    add(client, "mug-001", 3)
    order = order_of(check_out(client))
    client.post(f"{order.get_absolute_url()}cancel/")

    order.refresh_from_db()
    assert (order.status, stock_of(mug)) == ("cancelled", 9)


def test_somebody_elses_order_is_not_found(client: Client, mug: Product) -> None:
    add(client, "mug-001")
    order = order_of(check_out(client))
    stranger = Client()

    assert stranger.get(order.get_absolute_url()).status_code == 404
    for action in ("pay", "settle", "cancel"):
        assert stranger.post(f"{order.get_absolute_url()}{action}/", {}).status_code == 404


def test_basket_and_orders_stay_through_a_log_in(client: Client, mug: Product) -> None:
    ada = User.objects.create_user("ada")
    add(client, "mug-001", 2)
    order = order_of(check_out(client))
    add(client, "mug-002")
    client.force_login(ada)

    assert "1 thing." in said(client.get("/cart/"))
    assert client.get(order.get_absolute_url()).status_code == 200

    phone = Client()
    add(phone, "mug-001", 2)
    phone.force_login(ada)
    assert "3 things." in said(phone.get("/cart/"))
    assert "3 things." in said(client.get("/cart/"))


def test_erasing_oneself_makes_name_and_address_unreadable(client: Client, mug: Product) -> None:
    add(client, "mug-001")
    order = order_of(check_out(client))
    assert ADDRESS["name"] in said(client.get(order.get_absolute_url()))

    client.post("/me/erase/", {"confirm": "yes"})

    page = said(client.get(order.get_absolute_url()))
    assert ADDRESS["name"] not in page
    assert "Erased: nobody can read" in page


def test_erasing_oneself_empties_basket_and_wishes_and_takes_reviews_down(mug: Product) -> None:
    ada = User.objects.create_user("ada")
    browser, stranger = Client(), Client()
    browser.force_login(ada)
    for each in (browser, stranger):
        add(each, "mug-001")
        each.post("/wishes/mug-001/", {"wanted": "yes"})
    browser.post("/p/mug-001/review/", {"rating": "5", "title": "It holds tea"})
    assert "It holds tea" in said(stranger.get("/p/mug-001/"))

    for _ in range(2):
        browser.post("/me/erase/", {"confirm": "yes"})

    assert "It is empty" in said(browser.get("/cart/"))
    assert not Wish.objects.filter(user=ada).exists()
    assert "It holds tea" not in said(stranger.get("/p/mug-001/"))
    assert "1 thing." in said(stranger.get("/cart/"))
    assert stranger.session["wishes"] == ["mug-001"]
    stranger.post("/me/erase/", {"confirm": "yes"})
    assert "It is empty" in said(stranger.get("/cart/"))
    assert stranger.session["wishes"] == []
