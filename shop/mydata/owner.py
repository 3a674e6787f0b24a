"""Who asks for their data: the browser's visitor, and every visitor that the logged-in user is known to be."""

from dataclasses import dataclass

from django.contrib.auth.models import User
from django.http import HttpRequest

from shop.accounts import tracked_user_id
from tracking.identity import visitors_of_user
from tracking.models import VisitorKey
from tracking.visitors import COOKIE, visitor_of_cookie


@dataclass(frozen=True, slots=True)
class Owner:
    own: str | None
    """The browser's visitor, with or without consent: None where it bears no number of the shop's."""
    user: User | None
    visitors: list[str]
    """The browser's and the user's, each once."""
    opened: list[str]
    """Of these, those whose sealed data is theirs to see."""


def owner_of(request: HttpRequest) -> Owner:
    """Raises DatabaseError.

    A browser that somebody was logged in on and walked away from does not tell the next one their name and address:
    what is sealed of a visitor who is known to be a user is opened for that user only.
    """
    own = visitor_of_cookie(request.COOKIES.get(COOKIE))
    user = request.user if isinstance(request.user, User) else None
    users = visitors_of_user(tracked_user_id(user)) if user else []
    visitors = list(dict.fromkeys([*([own] if own else []), *users]))
    known = VisitorKey.objects.filter(visitor_id__in=visitors).exclude(person_id=None)
    somebodys = set(known.values_list("visitor_id", flat=True)) - set(users)
    return Owner(own, user, visitors, [visitor for visitor in visitors if visitor not in somebodys])
