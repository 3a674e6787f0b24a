"""Which customer a request is: the session's own until somebody logs in, then the user's on every browser."""

from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest

from shop.basket.models import Customer
from tracking.bots import is_bot

SESSION = "customer"


def customer_of(request: HttpRequest) -> UUID | None:
    """None who has bought nothing and has nothing in the basket."""
    if request.user.is_authenticated:
        return Customer.objects.filter(user=request.user).values_list("customer_id", flat=True).first()
    known = request.session.get(SESSION)
    return UUID(known) if known else None


def customer_for(request: HttpRequest) -> UUID:
    """The same, made where there is none."""
    if (known := customer_of(request)) is not None:
        return known
    if request.user.is_authenticated:
        return Customer.objects.get_or_create(user=request.user)[0].customer_id
    made = uuid4()
    request.session[SESSION] = str(made)
    return made


def visitor_to_tell(request: HttpRequest) -> str:
    """Whom the tracking is told of; "" without consent, and for a bot where bots are left out."""
    agent = request.headers.get("User-Agent", "")
    if not request.consent.allows or (settings.TRACKING_BOTS == "leave-out" and is_bot(agent)):  # type: ignore[attr-defined]
        return ""
    visitor: str = request.visitor_id  # type: ignore[attr-defined]
    return visitor


@receiver(user_logged_in)
def keep_what_was_anonymous(request: HttpRequest, user: User, **kwargs: Any) -> None:
    """Basket and orders of before the log-in become the user's."""
    from shop.basket.joining import join  # the models of the shop must be there first

    anonymous = request.session.pop(SESSION, None)
    if anonymous is None:
        return
    customer, is_new = Customer.objects.get_or_create(user=user, defaults={"customer_id": UUID(anonymous)})
    if not is_new:
        join(UUID(anonymous), customer.customer_id)
