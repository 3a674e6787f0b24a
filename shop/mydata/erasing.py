"""A customer is forgotten: the visitors, and what the shop itself keeps of who asks."""

from django.http import HttpRequest

from recommendations.consumers import close_sockets
from shop.basket.changing import take_all_out
from shop.basket.customers import customer_of
from shop.models import Review
from shop.mydata.owner import owner_of
from shop.orders.sealing import forget_customers
from shop.wishes.wishes import unwish_all
from tracking.erasure import erase_visitor


def erase_owner(request: HttpRequest) -> None:
    """Erases the browser's visitor, and the user's on every browser; once more does no harm. Raises DatabaseError.

    Orders stay, since goods were sold, and nobody can read whom they went to. The account stays.
    """
    owner = owner_of(request)
    for visitor_id in owner.visitors:
        erase_visitor(visitor_id, asked_by="visitor")
        close_sockets(visitor_id)
    if (customer := customer_of(request)) is not None:
        forget_customers([customer])
        take_all_out(customer)
    if owner.user is not None:
        Review.objects.filter(user=owner.user).delete()
    unwish_all(request)
